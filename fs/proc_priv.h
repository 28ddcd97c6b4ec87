/* SPDX-License-Identifier: MIT */
/*
 * What the files of procfs and sysfs share: trees of static tables, and folders
 * whose names are numbers: processes, threads, descriptors, CPUs, nodes.
 */
#pragma once

#include <fs/inode.h>
#include <fs/seq.h>
#include <kernel/task/task.h>

struct file;
struct file_ops;
struct fs_type;
struct path;
struct proc_dir;
struct proc_inode;

/* One name of a table; a table ends with an entry without a name. */
struct proc_entry {
	const char *name;
	u32 mode;                          /* with type */
	bool guarded;                      /* for who may look into the process: -EACCES */
	int (*show)(struct seq *seq, struct proc_inode *pi);
	/** store - what was written, NUL-ended, without the last newline */
	int (*store)(struct proc_inode *pi, const char *text, size_t len);
	/** open - of files with fops: may refuse, or set the file up */
	int (*open)(struct file *file);
	u32 *value;                        /* what a numeric setting shows and stores */
	/** readlink, follow - of links; see inode_ops */
	long (*readlink)(struct proc_inode *pi, char *buf, size_t size);
	int (*follow)(struct proc_inode *pi, struct path *out);
	const struct file_ops *fops;       /* of files that are no text; instead of show */
	const struct proc_entry *children; /* of folders */
	const struct proc_dir *numbers;    /* of folders: names that are numbers */
};

struct proc_dir {
	const struct proc_entry *entry;    /* what every number is; its name is not used */
	/** find - is there @number in @dir? Sets @child's task (referenced), tid or fd. */
	bool (*find)(struct proc_inode *dir, u32 number, struct proc_inode *child);
	/** next - *number = the first one not below it. False: none. */
	bool (*next)(struct proc_inode *dir, u32 *number);
	const char *prefix;                /* before the number in names; NULL: none */
};

/* A file system made of such tables: one instance, made by its first mount. */
struct proc_tree {
	struct superblock sb;
	const struct proc_entry *root;
	u64 magic;
	u64 file_size; /* what stat(2) tells */
};
__must_check int proc_tree_mount(struct proc_tree *tree, const struct fs_type *type,
				 struct superblock **out);

/* All of it is set at creation. */
struct proc_inode {
	struct inode inode;
	const struct proc_entry *entry;
	struct task *task; /* referenced; NULL outside of /proc/PID */
	s32 tid;           /* 0: the whole process */
	s32 fd;            /* -1: none */
};

extern const struct proc_entry proc_root_children[]; /* proc_sys.c */
extern const struct proc_entry proc_pid_children[];  /* proc_pid.c */
extern const struct proc_dir proc_pids;              /* proc_pid.c */
extern const struct proc_dir proc_fd_dir, proc_fdinfo_dir; /* proc_fd.c */
extern const struct proc_entry proc_net_children[];  /* proc_net.c */
extern const struct proc_entry proc_ns_children[];   /* proc_ns.c */
extern const struct proc_entry proc_sysvipc_children[]; /* proc_ipc.c */
extern const struct proc_entry proc_pci_children[];  /* proc_pci.c */
extern const struct file_ops proc_mem_fops;          /* proc_mem.c */

extern const struct proc_entry proc_attr_children[]; /* proc_self.c */
extern const struct file_ops proc_pagemap_fops;      /* proc_maps.c */

/** proc_show_region - a line of /proc/PID/maps; @buf: PATH_MAX bytes (proc_pid.c) */
struct region_info;
void proc_show_region(struct seq *seq, const struct region_info *info, char *buf);
/* proc_maps.c */
int proc_pagemap_open(struct file *file);
int proc_show_smaps(struct seq *seq, struct proc_inode *pi);
int proc_show_smaps_rollup(struct seq *seq, struct proc_inode *pi);
int proc_show_numa_maps(struct seq *seq, struct proc_inode *pi);
/* proc_memory.c */
int proc_show_buddyinfo(struct seq *seq, struct proc_inode *pi);
int proc_show_zoneinfo(struct seq *seq, struct proc_inode *pi);
int proc_show_timer_list(struct seq *seq, struct proc_inode *pi);
/* proc_self.c */
int proc_show_id_map(struct seq *seq, struct proc_inode *pi);
int proc_show_setgroups(struct seq *seq, struct proc_inode *pi);
int proc_show_time_offsets(struct seq *seq, struct proc_inode *pi);
int proc_show_personality(struct seq *seq, struct proc_inode *pi);
int proc_show_sessionid(struct seq *seq, struct proc_inode *pi);
int proc_show_timerslack(struct seq *seq, struct proc_inode *pi);
int proc_store_timerslack(struct proc_inode *pi, const char *text, size_t len);

/** proc_show_sandbox - /proc/PID/sandbox (proc_sandbox.c) */
int proc_show_sandbox(struct seq *seq, struct proc_inode *pi);

struct proc_inode *proc_of(struct inode *inode);

/** proc_may_access - may current see @task's memory and files? (ptrace(2), "access
 * mode checking", without capabilities) */
bool proc_may_access(struct task *task);
