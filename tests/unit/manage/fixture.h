/* SPDX-License-Identifier: Apache-2.0 */
/* A machine with three guests and three components for the tests of core/manage. */
#ifndef TESTS_MANAGE_FIXTURE_H
#define TESTS_MANAGE_FIXTURE_H

#include <abi/component.h>
#include <abi/manage.h>
#include <mullion/component.h>
#include <mullion/host.h>
#include <mullion/log.h>
#include <mullion/manage.h>
#include <mullion/mem.h>
#include <mullion/sched.h>

#include "support/machine.h"
#include "support/test.h"

#define GUESTS     3
#define COMPONENTS 3
#define BOSS       0 /* manages all */
#define CLERK      1 /* manages guest 1 */
#define DRIVER     2 /* has the console's UART */
#define BUFFER     COMPONENT_TEXT
#define BUFFER_END (COMPONENT_TEXT + 4 * PAGE_SIZE)
#define ELSEWHERE  UINT64_C(0x7000000000)
#define UART       UINT64_C(0x09100000)

static const u8 program[64] = { 'p', 'r', 'o', 'g' };
static u8 tree_bytes[300];
static const struct fdt tree = { .blob = tree_bytes, .size = sizeof(tree_bytes) };
static struct config_guest guests[GUESTS];
static struct config_grant uart = {
	.name = "uart", .kind = CONFIG_GRANT_DEVICE, .size = PAGE_SIZE, .hpa = { UART }
};
static struct config_component configs[COMPONENTS];
static struct component *components[COMPONENTS];
static struct system board = {
	.tree = &tree,
	.num_guests = GUESTS,
	.guests = guests,
	.num_components = COMPONENTS,
	.components = configs,
};
static const struct host host = {
	.num_cpus = MACHINE_CPUS,
	.cpus = { { .identity = 0 },
		  { .identity = 0x100 },
		  { .identity = 0x200 },
		  { .identity = 0x300 } },
	.num_memory = 1,
	.memory = { { HOST_RAM_BASE, MACHINE_RAM } },
	.uart_regs = { UART, PAGE_SIZE },
	.compatible = "a,test",
};

static void begin_component(u32 id, const char *name)
{
	struct config_component *config = &configs[id];

	(void)strncpy(config->name, name, sizeof(config->name) - 1);
	config->program = name;
	config->data = program;
	config->data_bytes = sizeof(program);
	config->num_segments = 1;
	config->segments[0] = (struct config_segment){ .va = COMPONENT_TEXT,
						       .size = BUFFER_END - COMPONENT_TEXT,
						       .data = program,
						       .file_bytes = sizeof(program),
						       .write = true };
	config->entry = COMPONENT_TEXT;
	config->stack_bytes = PAGE_SIZE;
	config->serves = GUESTS;
	config->priority = PRIORITY_COMPONENT;
	config->affinity = BIT(3);
	config->arguments = "";
	assert_int_equal(component_create(config, &components[id]), OK);
}

/* Set-up of the whole program: two guests created, the third absent, no component started. */
static int begin(void **state)
{
	struct guest *guest;
	u64 ignored;

	(void)state;
	machine_start();
	guests_stay = true;
	for (size_t i = 0; i < sizeof(tree_bytes); i++)
		tree_bytes[i] = (u8)i;
	machine_config(&guests[0], "one", 0, 1, true);
	machine_config(&guests[1], "two", 1, 1, false);
	machine_config(&guests[2], "three", 2, 1, false);
	for (u32 i = 0; i < GUESTS; i++)
		guests[i].vmm = COMPONENTS;
	guests[1].vmm = DRIVER;
	guests[2].absent = true;
	(void)strncpy(guests[2].template_name, "mould", CONFIG_NAME_MAX - 1);
	assert_int_equal(component_setup(&board), OK);
	configs[BOSS].manages_all = configs[BOSS].reads_log = true;
	configs[CLERK].manages = BIT(1);
	configs[DRIVER].num_grants = 1;
	configs[DRIVER].grants = &uart;
	begin_component(BOSS, "boss");
	begin_component(CLERK, "clerk");
	begin_component(DRIVER, "driver");
	/* Before there is anything to manage, nothing can be. */
	assert_int_equal(manage_call(components[BOSS], MANAGE_HOST, 0, 0, 0, 0, &ignored),
			 -ERR_DENIED);
	component_changed();
	assert_int_equal(components[BOSS]->word, 0);
	manage_start(&board, &host, "a cpu");
	assert_int_equal(guest_create(0, &guests[0], &guest), OK);
	assert_int_equal(guest_create(1, &guests[1], &guest), OK);
	return 0;
}

static s64 call(u32 caller, u64 operation, u64 id, u64 buffer, u64 bytes, u64 argument, u64 *second)
{
	u64 ignored;

	return manage_call(components[caller], operation, id, buffer, bytes, argument,
			   second != NULL ? second : &ignored);
}

static s64 act(u32 caller, u64 operation, u64 id)
{
	return call(caller, operation, id, 0, 0, 0, NULL);
}

/* A query of the boss's, into @record. */
static s64 ask(u64 operation, u64 id, void *record, u64 bytes)
{
	s64 result;

	memset(record, 0, bytes);
	result = call(BOSS, operation, id, BUFFER, bytes, 0, NULL);

	if (result > 0)
		assert_int_equal(component_copy_in(components[BOSS], record, BUFFER, (u64)result),
				 OK);
	return result;
}

#endif
