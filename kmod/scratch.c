// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "scratch.h"

static DEFINE_MUTEX(nq_scratch_mutex); /* allocation only */
static DEFINE_PER_CPU(struct nq_scratch *, nq_scratch);

void nq_scratch_free(void)
{
	int cpu;

	for_each_possible_cpu (cpu) {
		kvfree(per_cpu(nq_scratch, cpu));
		per_cpu(nq_scratch, cpu) = NULL;
	}
}

int nq_scratch_alloc(void)
{
	struct nq_scratch *s;
	int cpu, err = 0;

	mutex_lock(&nq_scratch_mutex);
	for_each_possible_cpu (cpu) {
		if (per_cpu(nq_scratch, cpu))
			continue;
		s = kvmalloc_node(sizeof(*s), GFP_KERNEL_ACCOUNT, cpu_to_node(cpu));
		if (!s) {
			err = -ENOMEM; /* the buffers made so far stay for the next try */
			break;
		}
		spin_lock_init(&s->lock);
		per_cpu(nq_scratch, cpu) = s;
	}
	mutex_unlock(&nq_scratch_mutex);
	return err;
}

struct nq_scratch *nq_scratch_get(void) __acquires(&s->lock)
{
	struct nq_scratch *s;

	local_bh_disable();
	s = raw_cpu_read(nq_scratch);
	spin_lock(&s->lock);
	return s;
}

void nq_scratch_put(struct nq_scratch *s) __releases(&s->lock)
{
	spin_unlock(&s->lock);
	local_bh_enable();
}
