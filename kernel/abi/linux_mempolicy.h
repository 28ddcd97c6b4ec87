/* SPDX-License-Identifier: MIT */
/*
 * Linux: memory policies. Sources: man set_mempolicy(2), get_mempolicy(2), mbind(2),
 * migrate_pages(2), move_pages(2), set_mempolicy_home_node(2); uapi linux/mempolicy.h.
 */
#pragma once

#define MPOL_DEFAULT        0
#define MPOL_PREFERRED      1
#define MPOL_BIND           2
#define MPOL_INTERLEAVE     3
#define MPOL_LOCAL          4
#define MPOL_PREFERRED_MANY 5
#define MPOL_MODES          6 /* that there are */

/* Or'ed to the mode. */
#define MPOL_F_NUMA_BALANCING 0x2000
#define MPOL_F_RELATIVE_NODES 0x4000
#define MPOL_F_STATIC_NODES   0x8000

/* get_mempolicy(2) */
#define MPOL_F_NODE         1
#define MPOL_F_ADDR         2
#define MPOL_F_MEMS_ALLOWED 4

/* mbind(2), move_pages(2) */
#define MPOL_MF_STRICT   1
#define MPOL_MF_MOVE     2
#define MPOL_MF_MOVE_ALL 4
