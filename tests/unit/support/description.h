/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptions as text, loaded on a machine of four CPUs with a bundle of small images. */
#ifndef TESTS_SUPPORT_DESCRIPTION_H
#define TESTS_SUPPORT_DESCRIPTION_H

#include <mullion/config.h>

#include "tools/common/bundle.h"

#define RAM "ram { type = \"ram\"; guest-address = <0x40000000>; size = <0x10000000>; }; "
#define UART                                                                                     \
	"uart { type = \"device\"; guest-address = <0x9000000>; host-address = <0x9000000>; "    \
	"size = <0x1000>; compatible = \"arm,pl011\", \"arm,primecell\"; interrupts = <0 1 4>; " \
	"}; "

/* One load, with everything that must stay while its result is checked. */
struct loaded {
	struct diag diag;
	char text[4096];
	void *blob, *arena;
	struct fdt tree;
	struct system system;
	enum err err;
};

extern struct host load_host;
extern struct buffer load_bundle; /* Image, old, offset: kernels; initrd: bytes */

/* A tree with these nodes, through config_load(); load_good(): without a message. */
struct loaded *load(const char *nodes);
struct loaded *load_good(const char *nodes);
void unload(struct loaded *l);

/* Of a group of tests: make the machine and the bundle, and take them away. */
int load_set_up(void **state);
int load_tear_down(void **state);

void buffer_add_text(struct buffer *to, const char *text);

#endif
