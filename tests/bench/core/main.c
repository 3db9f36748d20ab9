// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench-core - what the core takes for a flow, in time of the processor and as ratio to a floor
 *
 *	bench-core [INSPECT]	FLOWS flows of each kind, a table; and one of whole programs if
 *				quic-inspect is given
 *	bench-core --smoke	a few flows; TAP: do the subjects agree? No times.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <nettle/version.h>
#ifdef __x86_64__
#include <asm/prctl.h>
#endif
#include "flight.h"
#include "floor.h"
#include "flows.h"
#include "kernel/kernel_core.h"
#include "peer.h"
#include "programs.h"

#define FLOWS	    10000
#define SMOKE_FLOWS 64
#define ROUNDS	    5
#define HELD	    1000 /* flows, as in bench-kmod: each new one makes the oldest go */
#define GATE_PASSES 50	 /* over the flows in one time that is taken: a gate takes few ns */

/* blocks.c */
void blocks_flight_init(struct nq_flight *f);
size_t blocks_flight_packed_size(const struct nq_flight *f);
void blocks_flight_pack(const struct nq_flight *f, u8 *out);
enum nq_verdict blocks_flight_feed(struct nq_flight *f, u8 *dgram, size_t len,
				   struct nq_feed_result *result);

/* Linked if kernel/build made them. */
extern const struct kernel_core kernel_core_6_1 __attribute__((weak));
extern const struct kernel_core kernel_core_6_12 __attribute__((weak));
extern const struct kernel_core kernel_core_7_3 __attribute__((weak));

static const struct kernel_core user_core = {
	.flight_size = sizeof(struct nq_flight),
	.simd = nq_simd_allow,
	.gate = nq_flight_gate,
	.init = nq_flight_init,
	.feed = nq_flight_feed,
	.packed_size = nq_flight_packed_size,
	.pack = nq_flight_pack,
};

static const struct kernel_core blocks_core = {
	.flight_size = sizeof(struct nq_flight),
	.simd = nq_simd_allow,
	.gate = nq_flight_gate,
	.init = blocks_flight_init,
	.feed = blocks_flight_feed,
	.packed_size = blocks_flight_packed_size,
	.pack = blocks_flight_pack,
};

#define NARROW (NQ_SIMD_AES | NQ_SIMD_SHA)

static const struct subject {
	const char *text;
	const struct kernel_core *core; /* NULL: the floor, a peer, or a build that is not linked */
	unsigned int simd;		/* NQ_SIMD_* that it may use */
	const struct peer *peer;	/* NULL: no peer, or one that is not linked */
} subjects[] = {
	{"floor", NULL, 0, NULL},
	{"core", &user_core, NARROW | NQ_SIMD_WIDE, NULL},
	{"core, 128 bits", &user_core, NARROW, NULL},
	{"core, nettle", &user_core, 0, NULL},
	{"core, own GCM", &blocks_core, 0, NULL},
	{"c-6.1", &kernel_core_6_1, 0, NULL},
	{"c-6.12", &kernel_core_6_12, 0, NULL},
	{"c-7.3", &kernel_core_7_3, 0, NULL},
	{"x86-6.1", &kernel_core_6_1, NARROW | NQ_SIMD_WIDE, NULL},
	{"x86-6.12", &kernel_core_6_12, NARROW | NQ_SIMD_WIDE, NULL},
	{"x86-7.3", &kernel_core_7_3, NARROW | NQ_SIMD_WIDE, NULL},
	{"libndpi", NULL, 0, &peer_ndpi},
};
#define SUBJECTS (sizeof(subjects) / sizeof(subjects[0]))
static bool have_floor;
static unsigned int have_simd; /* NQ_SIMD_* */

static struct nq_flight flight;
static u8 copy[FLOW_LEN];

static bool present(const struct subject *s)
{
	return s->core || s->peer || (s == subjects && have_floor);
}

/* Keep a flight whose hello is not whole, as the module would, in the oldest one's place. */
static bool hold(const struct kernel_core *core)
{
	static u8 *held[HELD];
	static unsigned int oldest;
	u8 *p = malloc(core->packed_size(&flight));

	if (!p)
		return false;
	core->pack(&flight, p);
	oldest = (oldest + 1) % HELD;
	free(held[oldest]);
	held[oldest] = p;
	return true;
}

/* Each opens one flow from copies of its datagrams. Return: did it end as it should if its tags are
 * right? */

static bool open_core(const struct kernel_core *core, const struct flow *f)
{
	enum nq_verdict v = NQ_NOT_OURS;

	core->init(&flight);
	for (unsigned int i = 0; i < f->n; i++) {
		if (!core->gate(f->d[i], NQ_FLIGHT_HEAD, f->len))
			return false;
		memcpy(copy, f->d[i], f->len);
		v = core->feed(&flight, copy, f->len, NULL);
	}
	return f->part ? v == NQ_MORE && hold(core) : v == NQ_DONE;
}

static bool open_floor(const struct flow *f)
{
	struct floor_keys keys;

	floor_keys(f->d[0] + 6, &keys);
	for (unsigned int i = 0; i < f->n; i++) {
		memcpy(copy, f->d[i], f->len);
		if (!floor_open(&keys, copy, FLOW_PN_OFF, f->len))
			return false;
	}
	return true;
}

static bool open_flow(const struct subject *s, const struct flow *f)
{
	if (s->peer)
		return s->peer->read(f);
	return s->core ? open_core(s->core, f) : open_floor(f);
}

/* The names that the core found, or for the floor the frames of the last datagram. */

static bool names_right(const struct flow *f)
{
	const struct nq_hello *h = &flight.hello;
	size_t len = strlen(f->name);

	if (f->part)
		return nq_reasm_from(&flight.crypto, 0) == f->part;
	return h->sni_len == len && !memcmp(flight.crypto.buf + h->sni_off, f->name, len) &&
	       h->alpn_len == 3 && !memcmp(flight.crypto.buf + h->alpn_off, "\2h3", 3);
}

static bool frames_right(const struct flow *f)
{
	return !memcmp(copy + FLOW_TEXT, f->frames[f->n - 1], f->len - FLOW_TEXT - 16);
}

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* ns per flow; -1 if a flow did not end as it should. */
static double measure(const struct subject *s, const struct flow *flows, unsigned int n)
{
	unsigned int done = 0;
	double start;

	if (s->core)
		s->core->simd(s->simd & have_simd);
	start = cpu_ns();
	for (unsigned int i = 0; i < n; i++)
		done += open_flow(s, &flows[i]);
	start = cpu_ns() - start;
	return done == (flows[0].opens ? n : 0) ? start / n : -1;
}

static double measure_gate(const struct kernel_core *core, const struct flow *flows, unsigned int n)
{
	unsigned int taken = 0;
	double start = cpu_ns();

	for (unsigned int pass = 0; pass < GATE_PASSES; pass++)
		for (unsigned int i = 0; i < n; i++)
			taken += core->gate(flows[i].d[0], NQ_FLIGHT_HEAD, flows[i].len);
	return taken ? -1 : (cpu_ns() - start) / n / GATE_PASSES;
}

/* A peer may lack a kind of flow: it is measured only at what it reads. */
static bool reads(const struct subject *s, const struct flow *flows, unsigned int n)
{
	for (unsigned int i = 0; s->peer && i < n; i++)
		if (s->peer->read(&flows[i]) != flows[i].opens)
			return false;
	return true;
}

/* Does every subject of ours see in each flow what was put into it? */
static bool verify(enum flow_kind kind, const struct flow *flows, unsigned int n)
{
	for (const struct subject *s = subjects; s < subjects + SUBJECTS; s++) {
		if (!present(s) || s->peer)
			continue;
		if (flow_gate_only(kind)) {
			if (s->core && measure_gate(s->core, flows, n) < 0)
				return false;
			continue;
		}
		if (s->core)
			s->core->simd(s->simd & have_simd);
		for (unsigned int i = 0; i < n; i++) {
			bool opened = open_flow(s, &flows[i]);

			if (opened != flows[i].opens ||
			    (opened && !(s->core ? names_right : frames_right)(&flows[i]))) {
				fprintf(stderr, "bench-core: %s: %s, flow %u is read wrongly\n",
					s->text, flow_text(kind), i);
				return false;
			}
		}
	}
	return true;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double t[ROUNDS])
{
	qsort(t, ROUNDS, sizeof(t[0]), by_size);
	return t[0] < 0 ? -1 : t[ROUNDS / 2];
}

static double medians[FLOW_KINDS][SUBJECTS]; /* ns; 0 if it was not measured */

/* One row. The subjects take turns, in the other order every second round. */
static bool row(enum flow_kind kind, const struct flow *flows, unsigned int n)
{
	double t[SUBJECTS][ROUNDS], *m = medians[kind];
	bool gate = flow_gate_only(kind), measured[SUBJECTS];

	for (size_t s = 0; s < SUBJECTS; s++)
		measured[s] = present(&subjects[s]) &&
			      (gate ? !!subjects[s].core : reads(&subjects[s], flows, n));
	for (int r = 0; r < ROUNDS; r++) {
		for (size_t i = 0; i < SUBJECTS; i++) {
			size_t s = r % 2 ? SUBJECTS - 1 - i : i;

			if (!measured[s])
				t[s][r] = 0;
			else if (gate)
				t[s][r] = measure_gate(subjects[s].core, flows, n);
			else
				t[s][r] = measure(&subjects[s], flows, n);
		}
	}
	printf("| %-27s |", flow_text(kind));
	for (size_t s = 0; s < SUBJECTS; s++) {
		m[s] = median(t[s]);
		if (m[s] < 0)
			return false;
		if (m[s] == 0)
			printf(" %14s |", "-");
		else if (gate)
			printf(" %14.2f |", m[s]);
		else if (m[0] == 0)
			printf(" %14.0f |", m[s]);
		else
			printf(" %5.0f (%5.2fx) |", m[s], m[s] / m[0]);
	}
	printf("\n");
	return true;
}

static void columns(const char *first)
{
	printf("\n| %-27s |", first);
	for (size_t s = 0; s < SUBJECTS; s++)
		printf(" %14s |", subjects[s].text);
	printf("\n|%.29s|", "-----------------------------");
	for (size_t s = 0; s < SUBJECTS; s++)
		printf("---------------:|");
	printf("\n");
}

/* The same figures the other way round: Initials that one processor can bear. */
static void floods(void)
{
	static const enum flow_kind kinds[] = {FLOW_FORGED, FLOW_ONE, FLOW_HALF};

	printf("\nInitials a second and processor, 10^9 / ns\n");
	columns("flood");
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		printf("| %-27s |", flow_text(kinds[k]));
		for (size_t s = 0; s < SUBJECTS; s++) {
			if (medians[kinds[k]][s] > 0)
				printf(" %14.0f |", 1e9 / medians[kinds[k]][s]);
			else
				printf(" %14s |", "-");
		}
		printf("\n");
	}
}

/* Again the peers, beside the core. */
static void peers(void)
{
	printf("\nPeers, ns per flow and the ratio to the core\n\n| %-27s | %14s |", "flow",
	       subjects[1].text);
	for (const struct subject *s = subjects; s < subjects + SUBJECTS; s++)
		if (s->peer)
			printf(" %14s | %14s |", s->text, ": core");
	printf("\n|%.29s|---------------:|", "-----------------------------");
	for (const struct subject *s = subjects; s < subjects + SUBJECTS; s++)
		if (s->peer)
			printf("---------------:|---------------:|");
	printf("\n");
	for (int kind = FLOW_ONE; kind <= FLOW_SHUFFLED; kind++) {
		const double *m = medians[kind];

		printf("| %-27s | %14.0f |", flow_text(kind), m[1]);
		for (size_t s = 0; s < SUBJECTS; s++) {
			if (subjects[s].peer && m[s] > 0)
				printf(" %14.0f | %13.2fx |", m[s], m[s] / m[1]);
			else if (subjects[s].peer)
				printf(" %14s | %14s |", "-", "-");
		}
		printf("\n");
	}
}

/*
 * One row: what the core takes, and a program beyond what it takes for a single flow. The core's
 * time is taken anew, in turn with the programs.
 */
static bool program_row(unsigned int program, enum flow_kind kind, const struct flow *flows,
			unsigned int n)
{
	static double inspect_user; /* of the row before, of the same kind */
	double core[ROUNDS], user[ROUNDS], system[ROUNDS], start[ROUNDS], m;
	long names = program_names(program, n);

	if (names < 0)
		return false;
	printf("| %-20s | %-12s | %6ld |", flow_text(kind), program_text(program), names);
	if (names < (long)n && program) {
		printf(" %8s | %8s | %8s | %8s | %7s | %10s |\n", "-", "-", "-", "-", "-", "-");
		return true;
	}
	for (int r = 0; r < ROUNDS; r++) {
		struct program_time all, one;

		core[r] = measure(&subjects[1], flows, n);
		all = program_measure(program, false);
		one = program_measure(program, true);
		if (core[r] < 0 || all.user < 0 || one.user < 0)
			return false;
		start[r] = one.user / 1e6;
		user[r] = (all.user - one.user) / (n - 1);
		system[r] = (all.system - one.system) / (n - 1);
	}
	m = median(user);
	if (!program)
		inspect_user = m;
	printf(" %8.1f | %8.0f | %8.0f | %8.0f | %6.2fx | %9.1fx |\n", median(start), median(core),
	       m, median(system), m / median(core), m / inspect_user);
	return names == (long)n;
}

/* The same flows in a capture, for programs that read one. Return: was all right? */
static bool whole_programs(const char *inspect, struct flow *flows)
{
	static const enum flow_kind kinds[] = {FLOW_ONE, FLOW_TWO, FLOW_SHUFFLED};
	bool installed[PROGRAMS];
	char version[80];
	bool good = programs_start(inspect);

	printf("\nWhole programs, %u flows in a capture: user time, ns per flow; median of %d "
	       "rounds\n",
	       FLOWS, ROUNDS);
	for (unsigned int p = 0; p < PROGRAMS; p++) {
		installed[p] = program_version(p, version);
		if (p)
			printf("%s: %s\n", program_text(p),
			       installed[p] ? version : "not installed");
	}
	printf("\n| %-20s | %-12s | %6s | start ms | %8s | %8s | %8s | %7s | %10s |\n"
	       "|----------------------|--------------|-------:|---------:|---------:|"
	       "---------:|---------:|--------:|-----------:|\n",
	       "flow", "program", "names", "core", "user", "system", ": core", ": inspect");
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]) && good; k++) {
		for (unsigned int i = 0; i < FLOWS; i++)
			flow_make(&flows[i], kinds[k], i);
		good = programs_write(flows, FLOWS);
		for (unsigned int p = 0; p < PROGRAMS && good; p++)
			good = !installed[p] || program_row(p, kinds[k], flows, FLOWS);
	}
	programs_end();
	if (!good)
		fprintf(stderr, "bench-core: a program failed, or quic-inspect missed a name\n");
	return good;
}

static void heading(void)
{
	char line[256], model[128] = "unknown processor", date[32];
	FILE *cpuinfo = fopen("/proc/cpuinfo", "r");
	time_t now = time(NULL);
	struct utsname u;

	while (cpuinfo && fgets(line, sizeof(line), cpuinfo))
		if (sscanf(line, "model name : %127[^\n]", model) == 1)
			break;
	if (cpuinfo)
		fclose(cpuinfo);
	strftime(date, sizeof(date), "%Y-%m-%d", gmtime(&now));
	uname(&u);
	printf("%s, %s, Linux %s, CPU %d; compiler %s, nettle %d.%d\n", date, model, u.release,
	       sched_getcpu(), __VERSION__, nettle_version_major(), nettle_version_minor());
	printf("ns of processor time per flow (ratio to the floor); median of %d rounds, %d "
	       "flows\n",
	       ROUNDS, FLOWS);
	if (!have_floor)
		printf("floor: this processor lacks AES-NI, PCLMUL or SHA-NI\n");
	if (getenv("NETTLE_FAT_OVERRIDE"))
		printf("with NETTLE_FAT_OVERRIDE=%s\n", getenv("NETTLE_FAT_OVERRIDE"));
	for (size_t s = 0; s < SUBJECTS; s++) {
		if (!present(&subjects[s]))
			printf("%s: not built\n", subjects[s].text);
		else if (subjects[s].peer)
			printf("%s: %s\n", subjects[s].text, subjects[s].peer->version());
		else if (subjects[s].core && subjects[s].core->release)
			printf("%s: %s, compiler %s\n", subjects[s].text, subjects[s].core->release,
			       subjects[s].core->compiler);
	}
	columns("flow");
}

#ifdef __x86_64__

/* For the functions whose calls are patched. */
static void writable(void *code)
{
	size_t page = sysconf(_SC_PAGESIZE);
	void *start = (void *)((uintptr_t)code & ~(page - 1));

	if (mprotect(start, 2 * page, PROT_READ | PROT_WRITE | PROT_EXEC))
		abort();
}

/* A kernel's stack protector reads its canary at %gs:40. */
static int start_kernels(void)
{
	static uint64_t cpu_area[8];

	if (syscall(SYS_arch_prctl, ARCH_SET_GS, cpu_area))
		return -errno;
	for (const struct subject *s = subjects; s < subjects + SUBJECTS; s++) {
		if (!s->core)
			continue;
		if (s->core->flight_size != sizeof(flight))
			return -EINVAL;
		if (s->core->start && !s->simd)
			s->core->start(writable);
	}
	return 0;
}

#else

static int start_kernels(void)
{
	return 0;
}

#endif /* __x86_64__ */

/* Stay on the CPU that this began on. */
static int pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

/* See what this processor has, and make the kernels' builds and peers ready. */
static bool start_subjects(void)
{
	have_floor = floor_init();
	have_simd = (nq_simd_begin(NQ_SIMD_AES) ? NQ_SIMD_AES : 0) |
		    (nq_simd_begin(NQ_SIMD_SHA) ? NQ_SIMD_SHA : 0) |
		    (nq_simd_wide() ? NQ_SIMD_WIDE : 0);
	if (start_kernels()) {
		fprintf(stderr, "bench-core: the kernels' builds cannot run in this process\n");
		return false;
	}
	for (const struct subject *s = subjects; s < subjects + SUBJECTS; s++)
		if (s->peer && !s->peer->start()) {
			fprintf(stderr, "bench-core: %s does not start\n", s->text);
			return false;
		}
	return true;
}

int main(int argc, char **argv)
{
	bool smoke = argc == 2 && !strcmp(argv[1], "--smoke"), all = true;
	unsigned int n = smoke ? SMOKE_FLOWS : FLOWS;
	struct flow *flows = calloc(n, sizeof(*flows));

	if (argc > 2 || (argc == 2 && !smoke && argv[1][0] != '/')) {
		fprintf(stderr, "usage: bench-core [--smoke | /PATH/OF/quic-inspect]\n");
		return 2;
	}
	if (!flows || pin()) {
		fprintf(stderr, "bench-core: no memory, or cannot stay on one CPU\n");
		return 1;
	}
	if (!start_subjects())
		return 1;
	if (!smoke)
		heading();
	for (int kind = 0; kind < FLOW_KINDS; kind++) {
		bool good;

		for (unsigned int i = 0; i < n; i++)
			flow_make(&flows[i], kind, i);
		good = verify(kind, flows, n);
		if (smoke)
			printf("%sok %d - bench-core: %s: every subject sees what was built\n",
			       good ? "" : "not ", kind + 1, flow_text(kind));
		else if (good && !row(kind, flows, n))
			good = false;
		all &= good;
	}
	if (!smoke && all)
		floods();
	if (!smoke && all)
		peers();
	if (!smoke && all && argc == 2)
		all = whole_programs(argv[1], flows);
	free(flows);
	return !all;
}
