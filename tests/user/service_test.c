/* SPDX-License-Identifier: MIT */
/*
 * service_test.c - services by name (user/libexo/service.h): an echo service under init as an ordinary supervisor
 * (init --supervise), its clients, kill -9 again and again while they call, heartbeats, hostile clients. Linux has no
 * channels: all skipped there. This program is the service, too: "@echo".
 */
#define KTAP_HAS_HELPER
#include "ktap.h"

#include <user/libexo/service.h>

#include <dirent.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define SECOND 1000000000ull
#define LONG_TIME (20 * SECOND)

enum { KILLS = 200, CLIENTS = 3 };

/* What is asked and answered. */
struct talk {
	uint64_t value; /* one more in the answer */
	int32_t pid;    /* of who answers */
	int32_t hang;   /* asked to answer no more, nobody */
};

static void answer(void *ctx, struct ring_slot *m)
{
	struct talk *talk = (struct talk *)m->payload;

	(void)ctx;
	while (talk->hang)
		sleep_ms(1000);
	talk->value++;
	talk->pid = getpid();
}

static int ktap_helper(int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], "@echo"))
		return 2;
	return exo_service_serve(answer, NULL) ? 1 : 0;
}

/* ---- the supervisor ---- */

static pid_t supervisor;

static void manifest(const char *name, const char *more)
{
	char path[64], text[1024];

	snprintf(path, sizeof(path), "services/%s.svc", name);
	snprintf(text, sizeof(text), "exec %s\nargs @echo\nbackoff 0 5\ngiveup never\n%s", ktap_self, more);
	REQUIRE(put_file(path, text, strlen(text), 0644));
}

static void start_supervisor(void)
{
	char run[256], services[300];

	if (!on_exo())
		SKIP("no channels");
	if (access("/sbin/init", X_OK) || !is_root())
		SKIP("no init to supervise");
	scratch();
	REQUIRE(mkdir("services", 0755) == 0);
	manifest("echo", "serve 3 any\n");
	manifest("private", "serve 4 root\n");
	manifest("pulse", "serve 3 any\nheartbeat 200\n");
	manifest("mute", "");
	manifest("never", "serve 3 any\nneeds never-there\n");
	REQUIRE(getcwd(run, sizeof(run) - 8) != NULL);
	strcat(run, "/run");
	snprintf(services, sizeof(services), "%s/services", run);
	setenv("EXO_SERVICES", services, 1);
	supervisor = fork();
	if (supervisor == 0) {
		freopen("said", "w", stderr);
		execl("/sbin/init", "init", "--supervise", "services", run, NULL);
		_exit(9);
	}
	for (int i = 0; i < 1000 && access(services, F_OK); i++)
		sleep_ms(10);
}

static void stop_supervisor(void)
{
	kill(supervisor, SIGTERM);
	CHECK_EXIT(supervisor, 0);
}

static int svc(const char *verb, const char *name)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/svc", "svc", "--run", "run", verb, name, NULL);
		_exit(9);
	}
	return child_status(pid) >> 8;
}

/* Asks, and checks the answer. Return: the pid of who answered, or -errno. */
static int ask(struct exo_client *c, uint64_t value, unsigned flags)
{
	struct talk talk = { value, 0, 0 };
	struct ring_slot m = exo_message(&talk, sizeof(talk));
	int err = exo_client_call(c, &m, LONG_TIME, flags);

	if (err)
		return err;
	memcpy(&talk, m.payload, sizeof(talk));
	CHECK_EQ(talk.value, value + 1);
	return talk.pid;
}

CASE(connect_and_call)
{
	struct exo_client c;
	int pid;

	start_supervisor();
	exo_client_init(&c, "echo");
	pid = ask(&c, 41, 0);
	CHECK(pid > 0 && pid != getpid());
	for (int i = 0; i < 1000; i++)
		CHECK_EQ(ask(&c, (uint64_t)i, 0), pid);
	CHECK_EQ(c.connects, 1);
	exo_client_close(&c);
	CHECK_EQ(ask(&c, 1, 0), pid);
	CHECK_EQ(c.connects, 2);
	exo_client_close(&c);
	stop_supervisor();
}

/* What the tool prints of @pid; true when that has @text. */
static bool ring_prints(int pid, bool json, const char *text)
{
	char number[16], out[8192] = "";
	int fds[2];
	ssize_t n, len = 0;
	pid_t child;

	snprintf(number, sizeof(number), "%d", pid);
	REQUIRE(pipe(fds) == 0);
	child = fork();
	if (child == 0) {
		dup2(fds[1], 1);
		close(fds[0]);
		close(fds[1]);
		if (json)
			execl("/bin/ring", "ring", "--json", number, NULL);
		execl("/bin/ring", "ring", number, NULL);
		_exit(9);
	}
	close(fds[1]);
	while ((n = read(fds[0], out + len, sizeof(out) - 1 - (size_t)len)) > 0)
		len += n;
	close(fds[0]);
	CHECK_EXIT(child, 0);
	if (!strstr(out, text))
		NOTE("ring says: %s", out);
	return strstr(out, text) != NULL;
}

CASE(ring_shows_it)
{
	char text[64];
	struct exo_client c;
	int pid;

	start_supervisor();
	exo_client_init(&c, "echo");
	pid = ask(&c, 1, 0);
	REQUIRE(pid > 0);
	for (int i = 0; i < 10; i++)
		ask(&c, 1, 0);
	snprintf(text, sizeof(text), "%4d %7s %6d", c.end, "open", pid);
	CHECK(ring_prints(getpid(), false, text));
	snprintf(text, sizeof(text), "\"messages\": 12");	/* a greeting, 11 answers */
	CHECK(ring_prints(getpid(), true, text));
	snprintf(text, sizeof(text), "\"state\": \"open\", \"peer\": %d", getpid());
	CHECK(ring_prints(pid, true, text));
	CHECK(ring_prints(1, true, "["));
	exo_client_close(&c);
	stop_supervisor();
}

CASE(who_is_refused)
{
	struct exo_client c;
	pid_t pid;

	start_supervisor();
	CHECK_EQ(exo_service_connect("nobody", LONG_TIME), -ENOENT);
	CHECK_EQ(exo_service_connect("mute", LONG_TIME), -ENOENT);
	CHECK_EQ(exo_service_connect("never", LONG_TIME), -ECONNREFUSED);
	CHECK_EQ(exo_service_connect("", LONG_TIME), -EINVAL);
	CHECK_EQ(exo_service_connect("0123456789012345678901234567890123456789012345678", LONG_TIME), -EINVAL);
	exo_client_init(&c, "private");
	CHECK(ask(&c, 1, 0) > 0);
	exo_client_close(&c);
	IN_CHILD(pid) {
		REQUIRE(drop_root());
		CHECK_EQ(exo_service_connect("private", LONG_TIME), -EACCES);
		exo_client_init(&c, "echo");
		CHECK(ask(&c, 1, 0) > 0);
	}
	CHECK_EXIT(pid, 0);
	exo_client_init(&c, "echo");
	CHECK(ask(&c, 1, 0) > 0);
	CHECK_EQ(svc("stop", "echo"), 0);
	CHECK_EQ(ask(&c, 1, 0), -EPIPE);
	CHECK_EQ(ask(&c, 1, 0), -ECONNREFUSED);
	CHECK_EQ(svc("start", "echo"), 0);
	CHECK(ask(&c, 1, 0) > 0);
	exo_client_close(&c);
	setenv("EXO_SERVICES", "/nowhere", 1);
	CHECK_EQ(ask(&c, 1, 0), -ENOENT);
	stop_supervisor();
}

/* A stopped process answers nothing, and its name is kept: who connects waits, as long as asked to. */
CASE(connect_waits)
{
	struct exo_client c;
	int64_t began;
	int pid, next;

	start_supervisor();
	exo_client_init(&c, "echo");
	pid = ask(&c, 1, 0);
	REQUIRE(pid > 0);
	kill(pid, SIGSTOP);
	began = now_ns();
	CHECK_EQ(exo_service_connect("echo", SECOND / 10), -ETIMEDOUT);
	CHECK(now_ns() - began >= (int64_t)SECOND / 10);
	kill(pid, SIGKILL);
	exo_client_close(&c);
	next = ask(&c, 1, 0);
	CHECK(next > 0 && next != pid);
	exo_client_close(&c);
	stop_supervisor();
}

CASE(calls_in_flight_end)
{
	struct exo_client c, other;
	int pid, status;
	pid_t killer;

	start_supervisor();
	exo_client_init(&c, "echo");
	pid = ask(&c, 1, 0);
	REQUIRE(pid > 0);
	for (int idempotent = 0; idempotent < 2; idempotent++) {
		kill(pid, SIGSTOP);
		killer = fork();
		if (killer == 0) {
			sleep_ms(100);
			kill(pid, SIGKILL);
			_exit(0);
		}
		status = ask(&c, 7, idempotent ? EXO_IDEMPOTENT : 0);
		CHECK_EXIT(killer, 0);
		if (!idempotent)
			CHECK_EQ(status, -EPIPE);
		else
			CHECK(status > 0 && status != pid);
		exo_client_init(&other, "echo");
		pid = ask(&other, 1, 0);
		REQUIRE(pid > 0);
		exo_client_close(&other);
	}
	exo_client_close(&c);
	stop_supervisor();
}

/* ---- kill -9, while clients call ---- */

struct shared {
	int stop;
	struct {
		uint64_t answers, broken, worst_ns;
		int wrong; /* an error that should not be */
	} client[CLIENTS];
};

static void be_client(struct shared *sh, int me)
{
	struct exo_client c;

	exo_client_init(&c, "echo");
	for (uint64_t i = 0; !__atomic_load_n(&sh->stop, __ATOMIC_RELAXED); i++) {
		int64_t began = now_ns();
		int ret = ask(&c, i, me % 2 ? EXO_IDEMPOTENT : 0);
		uint64_t took = (uint64_t)(now_ns() - began);

		if (took > sh->client[me].worst_ns)
			sh->client[me].worst_ns = took;
		if (ret > 0)
			sh->client[me].answers++;
		else if (ret == -EPIPE && me % 2 == 0)
			sh->client[me].broken++;
		else
			sh->client[me].wrong = ret;
	}
	exo_client_close(&c);
}

static int count_fds(pid_t pid)
{
	char path[64];
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* What the supervisor holds for clients goes when it hears of their end. */
static bool settles_at(pid_t pid, int n)
{
	for (int i = 0; i < 200 && count_fds(pid) != n; i++)
		sleep_ms(20);
	return count_fds(pid) == n;
}

static long free_kib(void)
{
	char text[4096], *at;
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	long sum = 0;
	ssize_t n;

	CHECK_EQ(write(fd, "3\n", 2), 2);
	close(fd);
	fd = open("/proc/meminfo", O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	at = strstr(text, "MemFree:");
	sum += at ? atol(at + 8) : 0;
	at = strstr(text, "Slab:");
	return sum + (at ? atol(at + 5) : 0);
}

/* Kills whoever answers to the name, @n times. Return: how often another one was there after. */
static int kill_often(int n)
{
	struct exo_client c;
	int back = 0, pid;

	exo_client_init(&c, "echo");
	pid = ask(&c, 0, EXO_IDEMPOTENT);
	for (int i = 0; i < n && pid > 0; i++) {
		int next;

		kill(pid, SIGKILL);
		next = ask(&c, (uint64_t)i, EXO_IDEMPOTENT);
		back += next > 0 && next != pid;
		pid = next;
	}
	exo_client_close(&c);
	return back;
}

/* @kills kills, while clients call. */
static void kill_under_calls(struct shared *sh, int kills)
{
	pid_t clients[CLIENTS];

	memset(sh, 0, sizeof(*sh));
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = fork();
		if (clients[i] == 0) {
			be_client(sh, i);
			_exit(ktap_failures != 0);
		}
	}
	CHECK_EQ(kill_often(kills), kills);
	__atomic_store_n(&sh->stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < CLIENTS; i++) {
		CHECK_EXIT(clients[i], 0);
		CHECK_EQ(sh->client[i].wrong, 0);
		/* Five times as long as it may be: other machines run beside this one. */
		CHECK(sh->client[i].worst_ns < 5 * SECOND);
		NOTE("client %d: %lu answers, %lu ends, longest call %lu us", i, sh->client[i].answers,
		     sh->client[i].broken, sh->client[i].worst_ns / 1000);
	}
	/* The last one has yet to hear that its clients are gone. */
	CHECK_EQ(kill_often(1), 1);
	sleep_ms(50);
}

CASE(killed_again_and_again_while_clients_call)
{
	struct shared *sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long before_kib, lost;
	int before_fds;

	start_supervisor();
	kill_under_calls(sh, KILLS / 4);	/* what is made once, and kept on each CPU, is there then */
	before_fds = count_fds(supervisor);
	before_kib = free_kib();
	kill_under_calls(sh, KILLS);
	CHECK(settles_at(supervisor, before_fds));
	lost = before_kib - free_kib();
	NOTE("%ld KiB less are free", lost);
	/* The log, 100 bytes a kill, and what 4 CPUs keep at hand; a page a kill would be 4 KILLS. */
	CHECK(lost <= 2 * KILLS);
	stop_supervisor();
}

CASE(heartbeat_missed)
{
	struct talk talk = { 0, 0, 1 };
	struct ring_slot m = exo_message(&talk, sizeof(talk));
	struct exo_client c;
	int pid, next;

	start_supervisor();
	exo_client_init(&c, "pulse");
	pid = ask(&c, 1, 0);
	REQUIRE(pid > 0);
	sleep_ms(1000);
	CHECK_EQ(ask(&c, 1, 0), pid); /* who answers is left alone */
	CHECK_EQ(exo_client_call(&c, &m, LONG_TIME, 0), -EPIPE);
	next = ask(&c, 1, 0);
	CHECK(next > 0 && next != pid);
	exo_client_close(&c);
	stop_supervisor();
}

/* ---- clients that mean no good ---- */

static void send_rubbish(const char *data, size_t len, const int *fds, int n)
{
	const char *path = getenv("EXO_SERVICES");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(8 * sizeof(int))];
	} control = { .head = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr msg = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov, .msg_iovlen = 1 };
	int sock = socket(AF_UNIX, SOCK_DGRAM, 0);

	strncpy(to.sun_path, path, sizeof(to.sun_path) - 1);
	if (n) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE((size_t)n * sizeof(int));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
		memcpy(CMSG_DATA(&control.head), fds, (size_t)n * sizeof(int));
	}
	sendmsg(sock, &msg, MSG_DONTWAIT);
	close(sock);
}

CASE(rubbish)
{
	static const char zeros[64], long_name[200] = "echo";
	struct ring_slot flood[64];
	struct exo_client c;
	int fds[8], before, pid, end;

	start_supervisor();
	exo_client_init(&c, "echo");
	pid = ask(&c, 1, 0);
	REQUIRE(pid > 0);
	sleep_ms(50);
	before = count_fds(supervisor);
	for (int i = 0; i < 8; i++)
		fds[i] = open("/dev/null", O_RDONLY);
	for (int i = 0; i < 100; i++) {
		send_rubbish("echo", 4, fds, 0);
		send_rubbish("echo", 4, fds, 1);
		send_rubbish("echo", 4, fds, 8);
		send_rubbish("", 0, fds, 1);
		send_rubbish(zeros, sizeof(zeros), fds, 3);
		send_rubbish(long_name, sizeof(long_name), fds, 1);
		send_rubbish("nobody", 6, fds, 1);
	}
	CHECK_EQ(ask(&c, 1, 0), pid);
	/* One that asks for ever, and never listens. */
	end = exo_service_connect("echo", LONG_TIME);
	CHECK(end >= 0);
	for (int i = 0; i < 64; i++)
		flood[i] = exo_message(zeros, 56);
	for (int i = 0; i < 100; i++)
		(void)exo_send(end, flood, 64, 0);
	CHECK_EQ(ask(&c, 1, 0), pid);
	close(end);
	CHECK_EQ(ask(&c, 1, 0), pid);
	exo_client_close(&c);
	for (int i = 0; i < 8; i++)
		close(fds[i]);
	CHECK(settles_at(supervisor, before));
	stop_supervisor();
}

CASE(many_clients)
{
	enum { MANY = 100 };
	struct exo_client c[MANY];
	int pid;

	start_supervisor();
	exo_client_init(&c[0], "echo");
	pid = ask(&c[0], 1, 0);
	REQUIRE(pid > 0);
	for (int i = 1; i < MANY; i++) {
		exo_client_init(&c[i], "echo");
		CHECK_EQ(ask(&c[i], (uint64_t)i, 0), pid);
	}
	for (int i = 0; i < MANY; i++)
		CHECK_EQ(ask(&c[i], (uint64_t)i, 0), pid);
	kill(pid, SIGKILL);
	for (int i = 0; i < MANY; i++)
		CHECK(ask(&c[i], (uint64_t)i, EXO_IDEMPOTENT) > 0);
	for (int i = 0; i < MANY; i++)
		exo_client_close(&c[i]);
	stop_supervisor();
}

CASE(not_a_service)
{
	unsetenv("EXO_SERVE_FD");
	CHECK_EQ(exo_service_serve(answer, NULL), -EBADF);
}
