/* SPDX-License-Identifier: MIT */
/*
 * [pure] Heapsort: no input makes it slow and it needs neither stack nor
 * memory. Element i of the heap has the children 2i + 1 and 2i + 2 and is not
 * less than either. (Knuth vol. 3, 5.2.3)
 */
#include <kernel/lib/sort.h>

struct array {
	u8 *base;
	size_t size;
	int (*cmp)(const void *a, const void *b);
};

static u8 *at(const struct array *a, size_t i)
{
	return a->base + i * a->size;
}

static void swap(const struct array *a, size_t i, size_t j)
{
	u8 *x = at(a, i), *y = at(a, j);

	for (size_t k = 0; k < a->size; k++) {
		u8 t = x[k];

		x[k] = y[k];
		y[k] = t;
	}
}

/* Element @i may be too small for its place in the heap of @n: sink it. */
static void sift_down(const struct array *a, size_t i, size_t n)
{
	while (n > 1 && i <= (n - 2) / 2) {
		size_t child = 2 * i + 1;

		if (child + 1 < n && a->cmp(at(a, child), at(a, child + 1)) < 0)
			child++;
		if (a->cmp(at(a, i), at(a, child)) >= 0)
			return;
		swap(a, i, child);
		i = child;
	}
}

void sort(void *base, size_t n, size_t size, int (*cmp)(const void *a, const void *b))
{
	struct array a = { base, size, cmp };

	for (size_t i = n / 2; i-- > 0;)
		sift_down(&a, i, n);
	for (size_t end = n; end > 1; end--) {
		swap(&a, 0, end - 1); /* the greatest goes to its place */
		sift_down(&a, 0, end - 1);
	}
}
