/* SPDX-License-Identifier: Apache-2.0 */
/* Pools: objects of one size out of whole heap pages, for what is smaller than a page. */
#ifndef MULLION_POOL_H
#define MULLION_POOL_H

#include <mullion/spinlock.h>
#include <mullion/types.h>

struct pool {
	struct spinlock lock;
	void *free;      /* list through the free objects' first word */
	void *pages;     /* list of the pages taken, through their first word */
	u32 size;        /* of an object, bytes, multiple of 16 */
	u32 limit, used; /* objects */
};

/** pool_init() - objects of @size bytes (at most a page less 16), never more than @limit at a time.
 */
void pool_init(struct pool *pool, u32 size, u32 limit);
/** pool_alloc() - a zeroed object, 16-aligned; NULL at the limit or without heap. Takes the pool's
 * lock. */
void *pool_alloc(struct pool *pool);
/** pool_free() - @object came from this pool (NULL: nothing happens). */
void pool_free(struct pool *pool, void *object);
/** pool_destroy() - give the pages back; no object may be in use. */
void pool_destroy(struct pool *pool);

#endif
