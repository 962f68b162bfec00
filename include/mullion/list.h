/* SPDX-License-Identifier: Apache-2.0 */
/* Doubly linked rings of nodes that are members of their objects: O(1), no allocation. The caller
 * holds the lock of the list. */
#ifndef MULLION_LIST_H
#define MULLION_LIST_H

#include <mullion/types.h>

struct list_node {
	struct list_node *next, *prev; /* NULL: in no list */
};

struct list {
	struct list_node head;
};

/** list_init() - make @list empty. */
static inline void list_init(struct list *list)
{
	list->head.next = list->head.prev = &list->head;
}

/** list_is_empty() - return true if @list has no node. */
static inline bool list_is_empty(const struct list *list)
{
	return list->head.next == &list->head;
}

/** list_has() - return true if @node is in a list. Its memory was zero, or it was removed. */
static inline bool list_has(const struct list_node *node)
{
	return node->next != NULL;
}

/** list_insert_before() - insert @node, which is in no list, before @at. */
static inline void list_insert_before(struct list_node *at, struct list_node *node)
{
	node->prev = at->prev;
	node->next = at;
	at->prev->next = node;
	at->prev = node;
}

/** list_push_back() - make @node, which is in no list, the last one. */
static inline void list_push_back(struct list *list, struct list_node *node)
{
	list_insert_before(&list->head, node);
}

/** list_push_front() - make @node, which is in no list, the first one. */
static inline void list_push_front(struct list *list, struct list_node *node)
{
	list_insert_before(list->head.next, node);
}

/** list_remove() - take @node out of its list. */
static inline void list_remove(struct list_node *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->next = node->prev = NULL;
}

/** list_first() - return the first node; NULL if there is none. */
static inline struct list_node *list_first(const struct list *list)
{
	return list_is_empty(list) ? NULL : list->head.next;
}

#define list_for_each(list, node) \
	for (struct list_node *node = (list)->head.next; node != &(list)->head; node = node->next)

#endif
