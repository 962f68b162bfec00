/* SPDX-License-Identifier: Apache-2.0 */
/* Pools of equal objects; see pool.h. */
#include <mullion/pool.h>

#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/string.h>

#define HEAD_BYTES 16u /* of each page: the link to the next page */

struct link {
	struct link *next;
};

void pool_init(struct pool *pool, u32 size, u32 limit)
{
	size = (u32)ALIGN_UP(MAX(size, (u32)sizeof(struct link)), 16);
	ASSERT(size <= PAGE_SIZE - HEAD_BYTES);
	memset(pool, 0, sizeof(*pool));
	/* Above the heap's rank would be wrong: page_alloc() is called with the lock dropped. */
	spin_init(&pool->lock, RANK_MEMORY);
	pool->size = size;
	pool->limit = limit;
}

static void pool_push(struct pool *pool, void *object)
{
	struct link *link = object;

	link->next = pool->free;
	pool->free = link;
}

/* Cut one more page into objects. Releases the lock meanwhile. */
static void grow(struct pool *pool) REQUIRES(&pool->lock)
{
	struct link *page;

	spin_unlock(&pool->lock);
	page = page_alloc(1);
	spin_lock(&pool->lock);
	if (page == NULL)
		return;
	page->next = pool->pages;
	pool->pages = page;
	for (u64 at = HEAD_BYTES; at + pool->size <= PAGE_SIZE; at += pool->size)
		pool_push(pool, (u8 *)page + at);
}

void *pool_alloc(struct pool *pool)
{
	struct link *object = NULL;

	spin_lock(&pool->lock);
	if (pool->used < pool->limit) {
		if (pool->free == NULL)
			grow(pool);
		object = pool->free;
	}
	if (object != NULL) {
		pool->free = object->next;
		pool->used++;
	}
	spin_unlock(&pool->lock);
	if (object != NULL)
		memset(object, 0, pool->size);
	return object;
}

void pool_free(struct pool *pool, void *object)
{
	if (object == NULL)
		return;
	spin_lock(&pool->lock);
	ASSERT(pool->used > 0);
	pool->used--;
	pool_push(pool, object);
	spin_unlock(&pool->lock);
}

void pool_destroy(struct pool *pool)
{
	struct link *page = pool->pages;

	ASSERT(pool->used == 0);
	while (page != NULL) {
		struct link *next = page->next;

		page_free(page, 1);
		page = next;
	}
	pool->pages = NULL;
	pool->free = NULL;
}
