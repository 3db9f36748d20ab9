// SPDX-License-Identifier: GPL-2.0-only
#include "reasm.h"

void nq_reasm_init(struct nq_reasm *r)
{
	r->want = NQ_CRYPTO_MAX;
	r->top = 0;
	r->differs = NQ_CRYPTO_MAX;
	r->n_ranges = 0;
}

/* The first range that ends at or behind @start; it and later ones may touch what starts there. */
static unsigned int nq_reasm_find(const struct nq_reasm *r, unsigned int start)
{
	unsigned int low = 0, high = r->n_ranges;

	while (low < high) {
		unsigned int mid = (low + high) / 2;

		if (r->ranges[mid].end < start)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Note the lowest of the bytes @pos to before @end that is there and is not as in @data. */
static void nq_reasm_compare(struct nq_reasm *r, unsigned int pos, unsigned int end, const u8 *data)
{
	if (pos >= end || !memcmp(r->buf + pos, data, end - pos))
		return;
	while (r->buf[pos] == *data) {
		pos++;
		data++;
	}
	if (pos < r->differs)
		r->differs = pos;
}

bool nq_reasm_add(struct nq_reasm *r, u64 off, const u8 *data, size_t len)
{
	unsigned int first, last, start, end, pos;

	if (!len || off >= r->want)
		return true;
	start = off;
	if (len > r->want - start)
		len = r->want - start;
	end = start + len;

	/* ranges[first] to before ranges[last] overlap or touch the new one. */
	first = nq_reasm_find(r, start);
	for (last = first; last < r->n_ranges && r->ranges[last].start <= end; last++)
		;
	if (first == last && r->n_ranges == NQ_RANGES_ROOM)
		return false;

	/* Fill the gaps between them; then one range stands for all. */
	pos = start;
	for (unsigned int i = first; i < last; i++) {
		const struct nq_range *old = &r->ranges[i];

		if (pos < old->start) {
			memcpy(r->buf + pos, data + (pos - start), old->start - pos);
			pos = old->start;
		}
		if (pos < old->end) {
			nq_reasm_compare(r, pos, old->end < end ? old->end : end,
					 data + (pos - start));
			pos = old->end;
		}
	}
	if (pos < end)
		memcpy(r->buf + pos, data + (pos - start), end - pos);

	if (first < last) {
		if (r->ranges[first].start < start)
			start = r->ranges[first].start;
		if (r->ranges[last - 1].end > end)
			end = r->ranges[last - 1].end;
	}
	memmove(&r->ranges[first + 1], &r->ranges[last],
		(r->n_ranges - last) * sizeof(r->ranges[0]));
	r->n_ranges = r->n_ranges + 1 - (last - first);
	r->ranges[first].start = start;
	r->ranges[first].end = end;
	if (end > r->top)
		r->top = end;
	return true;
}

void nq_reasm_bound(struct nq_reasm *r, unsigned int want)
{
	struct nq_range *last;

	r->want = want;
	while (r->n_ranges && r->ranges[r->n_ranges - 1].start >= want)
		r->n_ranges--;
	last = r->n_ranges ? &r->ranges[r->n_ranges - 1] : NULL;
	if (last && last->end > want)
		last->end = want;
	r->top = last ? last->end : 0;
}
