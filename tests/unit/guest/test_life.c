/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/guest: guests that are created and destroyed while the core runs. Every operation in every
 * state succeeds or is refused. All memory of a guest is released, and no other owner sees its
 * bytes.
 */
#include <arch/time.h>
#include <mullion/format.h>
#include <mullion/irq.h>
#include <mullion/mem.h>

#include "support/free.h"
#include "support/machine.h"
#include "support/orphan.h"
#include "support/test.h"

#define LIVES 10000
#define ID    5

static struct config_guest config;
static struct guest *guest;

static int start_machine(void **state)
{
	(void)state;
	machine_start();
	return 0;
}

static int set_up_absent(void **state)
{
	(void)state;
	machine_start();
	machine_settle();
	guests_stay = true;
	host_end = HOST_END_NONE;
	host_console_clear();
	note_free();
	machine_config(&config, "test", 0, 3, true);
	return 0;
}

static int set_up(void **state)
{
	(void)set_up_absent(state);
	assert_int_equal(guest_create(ID, &config, &guest), OK);
	assert_int_equal(guest_start(guest), OK);
	machine_settle();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (guest_get(ID) != NULL) {
		guest_stop(guest, false);
		machine_settle();
		assert_int_equal(guest_destroy(ID), OK);
	}
	check_free();
	machine_config_free(&config);
	return 0;
}

static bool give(u32 index, struct vcpu_exit exit)
{
	return machine_give(guest->vcpus[index], &exit);
}

static u32 dumps(u32 index)
{
	return guest->vcpus[index]->arch.counts[HOST_VCPU_DUMP];
}

static void start_second(void)
{
	assert_true(give(
		0, (struct vcpu_exit){ .kind = EXIT_CPU_ON, .cpu_on = { 1, { GUEST_RAM, 0 } } }));
	machine_settle();
}

/* --- Create and destroy ------------------------------------------------------------------------
 */

static void expect_zeroes(gpa_t gpa, u64 bytes)
{
	static u8 seen[GUEST_RAM_BYTES];
	static const u8 zeroes[GUEST_RAM_BYTES];

	assert_int_equal(guest_copy_in(guest, seen, gpa, bytes), OK);
	assert_memory_equal(seen, zeroes, bytes);
}

static void scribble(void)
{
	static u8 secret[GUEST_RAM_BYTES];

	memset(secret, 0x5a, sizeof(secret));
	assert_int_equal(guest_load(guest, GPA(GUEST_RAM), secret, GUEST_RAM_BYTES), OK);
	assert_int_equal(guest_load(guest, GPA(GUEST_ROM), secret, PAGE_SIZE), OK);
}

/* An ELF kernel: each start writes the bytes of its segments, and zeroes the rest of them. */
static void segments(void **state)
{
	static const struct elf_piece pieces[] = {
		{ GUEST_RAM + 0x1008, 16, 32, 3 * PAGE_SIZE },
		{ GUEST_ROM, 0, 64, 64 },
		{ GUEST_RAM + 0x8000, 0, 0, 16 },
	};
	u8 seen[64];

	(void)state;
	config.kernel.pieces = pieces;
	config.kernel.num_pieces = ARRAY_SIZE(pieces);
	assert_int_equal(guest_create(ID, &config, &guest), OK);
	for (u32 start = 0; start < 2; start++) {
		scribble();
		assert_int_equal(start == 0 ? guest_start(guest) : guest_reset(guest), OK);
		machine_settle();
		assert_int_equal(guest_copy_in(guest, seen, GPA(GUEST_RAM + 0x1008), 32), OK);
		assert_memory_equal(seen, config.kernel.data + 16, 32);
		expect_zeroes(GPA(GUEST_RAM + 0x1028), 3 * PAGE_SIZE - 32);
		assert_int_equal(guest_copy_in(guest, seen, GPA(GUEST_ROM), 64), OK);
		assert_memory_equal(seen, config.kernel.data, 64);
		expect_zeroes(GPA(GUEST_RAM + 0x8000), 16);
		/* The memory between them is not written. */
		assert_int_equal(guest_copy_in(guest, seen, GPA(GUEST_RAM + 0x1007), 1), OK);
		assert_int_equal(seen[0], 0x5a);
		assert_int_equal(guest_copy_in(guest, seen, GPA(GUEST_RAM + 0x4008), 1), OK);
		assert_int_equal(seen[0], 0x5a);
	}
}

static void ten_thousand_lives(void **state)
{
	(void)state;
	/* Memory without a previous owner is not scrubbed: give all of it an owner first. */
	for (u64 bytes = ram_free_bytes(); bytes != 0; bytes = ram_free_bytes()) {
		hpa_t base;
		u64 size = bytes;

		while (ram_alloc(size, PAGE_SIZE, &base) != OK)
			size -= PAGE_SIZE;
		memset(host_ram(base, size), 0xa5, size);
		ram_free(base, size);
		if (size == bytes)
			break;
	}
	for (u32 life = 0; life < LIVES; life++) {
		assert_int_equal(guest_create(ID, &config, &guest), OK);
		assert_ptr_equal(guest_get(ID), guest);
		expect_zeroes(GPA(GUEST_RAM), GUEST_RAM_BYTES);
		expect_zeroes(GPA(GUEST_ROM), PAGE_SIZE);
		if (life % 16 == 0) {
			assert_int_equal(guest_start(guest), OK);
			machine_settle();
			guest_stop(guest, life % 32 == 0);
			machine_settle();
		}
		scribble();
		/* The scrubber has time for some of it, or for none. */
		for (u32 i = 0; i < life % 5 && ram_scrub(); i++)
			;
		assert_int_equal(guest_destroy(ID), OK);
		assert_null(guest_get(ID));
		check_free();
	}
	assert_false(host_irq_enabled(HOST_IRQ));
}

static void numbers_are_kept_apart(void **state)
{
	struct config_guest other;
	struct guest *made, *pinned;

	(void)state;
	machine_config(&other, "other", 3, 1, false);
	assert_int_equal(guest_create(CONFIG_MAX_GUESTS, &other, &made), ERR_RANGE);
	assert_int_equal(guest_create(ID, &other, &made), ERR_EXISTS);
	assert_int_equal(guest_create(CONFIG_MAX_GUESTS - 1, &other, &made), OK);
	assert_ptr_equal(guest_get(CONFIG_MAX_GUESTS - 1), made);
	assert_null(guest_get(CONFIG_MAX_GUESTS));
	assert_null(guest_get(0));
	assert_int_equal(guest_pin(0, &pinned), ERR_NOT_FOUND);
	assert_int_equal(guest_pin(CONFIG_MAX_GUESTS, &pinned), ERR_NOT_FOUND);
	assert_int_equal(guest_destroy(0), ERR_NOT_FOUND);
	assert_int_equal(guest_destroy(UINT32_MAX), ERR_NOT_FOUND);
	/* One act at a time. */
	assert_int_equal(guest_pin(CONFIG_MAX_GUESTS - 1, &pinned), OK);
	assert_ptr_equal(pinned, made);
	assert_int_equal(guest_pin(CONFIG_MAX_GUESTS - 1, &pinned), ERR_BUSY);
	assert_int_equal(guest_destroy(CONFIG_MAX_GUESTS - 1), ERR_BUSY);
	assert_int_equal(guest_create(CONFIG_MAX_GUESTS - 1, &other, &made), ERR_BUSY);
	guest_unpin(CONFIG_MAX_GUESTS - 1);
	assert_int_equal(guest_destroy(CONFIG_MAX_GUESTS - 1), OK);
	machine_config_free(&other);
}

/* With every number of heap pages left, from none on, until it can be created. */
static void no_page_is_lost_when_the_heap_is_short(void **state)
{
	static void *pages[MACHINE_HEAP];
	u32 taken = 0, failed = 0;
	enum err err;

	(void)state;
	while ((pages[taken] = page_alloc(1)) != NULL)
		taken++;
	for (;;) {
		u64 left = page_free_count(), ram = ram_free_bytes();

		err = guest_create(ID, &config, &guest);
		if (err == OK)
			break;
		assert_int_equal(err, ERR_NO_MEMORY);
		assert_null(guest_get(ID));
		assert_int_equal(page_free_count(), left);
		assert_int_equal(ram_free_bytes(), ram);
		assert_false(host_irq_enabled(HOST_IRQ));
		failed++;
		assert_true(taken > 0);
		page_free(pages[--taken], 1);
	}
	/* Its objects, and tables of three levels at several places. */
	assert_true(failed > 5);
	assert_int_equal(guest_destroy(ID), OK);
	while (taken > 0)
		page_free(pages[--taken], 1);
}

static void no_memory_is_lost_when_ram_is_short(void **state)
{
	u64 needed = GUEST_RAM_BYTES + PAGE_SIZE;
	u64 held = ram_free_bytes();
	char bytes[FORMAT_BYTES_MAX], piece[48];
	hpa_t base;

	(void)state;
	assert_int_equal(ram_alloc(held, PAGE_SIZE, &base), OK);
	for (u64 left = 0; left < needed; left += PAGE_SIZE) {
		u64 pages = page_free_count();

		assert_int_equal(guest_create(ID, &config, &guest), ERR_NO_MEMORY);
		assert_non_null(strstr(host_console, "make it smaller"));
		assert_int_equal(ram_free_bytes(), left);
		assert_int_equal(page_free_count(), pages);
		ram_free(base, PAGE_SIZE);
		base.v += PAGE_SIZE;
		held -= PAGE_SIZE;
	}
	assert_int_equal(guest_create(ID, &config, &guest), OK);
	assert_int_equal(guest_destroy(ID), OK);
	/* Enough in all, but not in a row. */
	ram_free(HPA(base.v + PAGE_SIZE), held - PAGE_SIZE);
	while (ram_scrub())
		;
	config.regions[2].size = ram_free_bytes() - PAGE_SIZE;
	(void)format_bytes(bytes, sizeof(bytes), ram_largest_bytes());
	(void)format(piece, sizeof(piece), "the largest piece has %s;", bytes);
	assert_int_equal(guest_create(ID, &config, &guest), ERR_NO_MEMORY);
	assert_non_null(strstr(host_console, " in one piece. "));
	assert_non_null(strstr(host_console, piece));
	ram_free(base, PAGE_SIZE);
}

static void the_budget_is_looked_at_first(void **state)
{
	u32 windows = host_counts.windows, syncs = host_counts.space_syncs;

	(void)state;
	config.heap_pages = page_free_count() + 1;
	assert_int_equal(guest_create(ID, &config, &guest), ERR_NO_MEMORY);
	assert_non_null(strstr(host_console, "pages of the core's memory"));
	assert_int_equal(host_counts.windows, windows);
	assert_int_equal(host_counts.space_syncs, syncs);
	config.heap_pages--;
	assert_int_equal(guest_create(ID, &config, &guest), OK);
}

/* --- Destroy what runs ------------------------------------------------------------------------ */

static enum err destroyed;
static bool has_destroyed;

static void destroyer(void *data)
{
	(void)data;
	destroyed = guest_destroy(ID);
	has_destroyed = true;
}

/* A thread of the core destroys the guest, whatever that is at. */
static void destroy_now(void)
{
	struct thread *thread =
		thread_create("destroyer", destroyer, NULL, PRIORITY_COMPONENT, SLICE_DEFAULT);

	assert_non_null(thread);
	has_destroyed = false;
	assert_int_equal(thread_start(thread), OK);
	for (u32 round = 0; round < 20 && !has_destroyed; round++) {
		host_time_set(NS(arch_time_now().v + 1000000));
		machine_settle();
	}
	machine_settle();
	assert_true(has_destroyed);
	assert_int_equal(destroyed, OK);
	assert_null(guest_get(ID));
	assert_false(host_irq_enabled(HOST_IRQ));
	thread_release(thread);
}

static void a_running_guest_is_stopped_first(void **state)
{
	(void)state;
	guests_stay = false;
	start_second();
	assert_true(give(1, (struct vcpu_exit){ .kind = EXIT_WAIT }));
	destroy_now();
	assert_int_equal(host_end, HOST_END_NONE);
	guests_stay = true;
}

static void a_paused_guest_is_destroyed(void **state)
{
	(void)state;
	start_second();
	assert_int_equal(guest_pause(guest), OK);
	machine_settle();
	destroy_now();
}

static void a_crashed_guest_is_destroyed(void **state)
{
	(void)state;
	start_second();
	assert_true(give(1, (struct vcpu_exit){ .kind = EXIT_ERROR, .error = { "a test" } }));
	machine_settle();
	assert_int_equal(guest->vcpus[1]->thread.state, VCPU_HALTED);
	destroy_now();
}

/* Its reset does not end. */
static void a_guest_in_reset_is_destroyed(void **state)
{
	(void)state;
	start_second();
	assert_int_equal(guest_reset(guest), OK);
	destroy_now();
	assert_null(strstr(host_console, "reset (1)"));
}

/* A handler of another CPU may still hold what it looked up. */
static void destroy_waits_for_interrupt_handlers(void **state)
{
	struct cpu *other = cpu_get(MACHINE_CPUS - 1);
	struct thread *thread =
		thread_create("destroyer", destroyer, NULL, PRIORITY_COMPONENT, SLICE_DEFAULT);

	(void)state;
	assert_non_null(thread);
	guest_stop(guest, false);
	machine_settle();
	has_destroyed = false;
	other->interrupts++;
	assert_int_equal(thread_start(thread), OK);
	for (u32 round = 0; round < 5; round++)
		machine_settle();
	assert_false(has_destroyed);
	/* Its memory is not given back, and no new interrupt finds it. */
	assert_true(page_free_count() < noted_free.pages);
	assert_false(host_irq_enabled(HOST_IRQ));
	other->interrupts--;
	machine_settle();
	assert_true(has_destroyed);
	thread_release(thread);
}

/* The first vCPU loads the images piece by piece, and stops between two when it is asked to. */
static void a_guest_is_reset_while_it_loads(void **state)
{
	static u8 image[KIB(32) + 16] __attribute__((aligned(16)));
	u32 windows, pieces = KIB(32) / KIB(2);
	u8 seen = 0;

	(void)state;
	memset(image, 'i', sizeof(image));
	config.kernel.data = image + 1; /* the slow way */
	config.kernel.size = config.kernel.span = KIB(32);
	assert_int_equal(guest_create(ID, &config, &guest), OK);
	windows = host_counts.windows;
	assert_int_equal(guest_start(guest), OK);
	assert_int_equal(host_counts.windows, windows);
	assert_int_equal(guest_reset(guest), OK);
	machine_settle();
	assert_int_equal(guest->state, GUEST_RUNNING);
	assert_int_equal(guest->resets, 1);
	/* One piece, then all of them and the tree. */
	assert_in_range(host_counts.windows - windows, pieces + 2, pieces + 4);
	assert_int_equal(guest_copy_in(guest, &seen, GPA(GUEST_KERNEL + KIB(32) - 1), 1), OK);
	assert_int_equal(seen, 'i');
}

static void the_scrubber_cleans_up(void **state)
{
	(void)state;
	scrub_start();
	for (u32 round = 0; round < 2; round++) {
		assert_int_equal(guest_create(ID, &config, &guest), OK);
		scribble();
		assert_int_equal(guest_destroy(ID), OK);
		assert_true(ram_dirty_bytes() > GUEST_RAM_BYTES);
		/* No other thread is READY. */
		machine_settle();
		assert_int_equal(ram_dirty_bytes(), 0);
	}
	noted_free.pages = page_free_count(); /* its stack stays */
}

/* --- Acts ------------------------------------------------------------------------------------- */

static void a_guest_can_be_started_again(void **state)
{
	u8 seen[sizeof(machine_kernel)];

	(void)state;
	assert_int_equal(guest_start(guest), ERR_STATE);
	for (u32 round = 0; round < 4; round++) {
		u32 starts = guest->vcpus[0]->arch.counts[HOST_VCPU_RESET];

		start_second();
		scribble();
		if (round % 2 == 0)
			guest_stop(guest, false);
		else
			assert_true(give(1, (struct vcpu_exit){ .kind = EXIT_ERROR,
								.error = { "a test" } }));
		/* Its vCPUs have not stopped yet. */
		assert_int_equal(guest_start(guest), ERR_BUSY);
		machine_settle();
		assert_int_equal(guest->running, 0);
		assert_int_equal(guest->state, round % 2 == 0 ? GUEST_STOPPED : GUEST_CRASHED);
		assert_int_equal(guest->crashes, (round + 1) / 2);
		assert_int_equal(guest_start(guest), OK);
		machine_settle();
		assert_int_equal(guest->state, GUEST_RUNNING);
		assert_int_equal(guest->running, 1);
		assert_int_equal(guest->vcpus[0]->arch.counts[HOST_VCPU_RESET], starts + 1);
		assert_int_equal(guest_copy_in(guest, seen, GPA(GUEST_KERNEL), sizeof(seen)), OK);
		assert_memory_equal(seen, machine_kernel, sizeof(seen));
	}
	assert_int_equal(guest->resets, 0);
}

static void a_paused_guest_waits(void **state)
{
	struct vcpu_exit on = { .kind = EXIT_CPU_ON, .cpu_on = { 2, { GUEST_RAM, 9 } } };
	u32 runs;

	(void)state;
	start_second();
	assert_true(give(1, (struct vcpu_exit){ .kind = EXIT_WAIT }));
	assert_int_equal(guest_resume(guest), ERR_STATE);
	assert_int_equal(guest_pause(guest), OK);
	assert_int_equal(guest_pause(guest), ERR_STATE);
	assert_int_equal(guest_start(guest), ERR_STATE);
	/* One that has not looked yet starts a third, which must not run either. */
	assert_true(give(0, on));
	machine_settle();
	for (u32 i = 0; i < 3; i++) {
		assert_int_equal(guest->vcpus[i]->thread.state, VCPU_PAUSED);
		assert_int_equal(guest->vcpus[i]->thread.pause_reason, PAUSE_ASKED);
	}
	runs = guest->vcpus[2]->arch.counts[HOST_VCPU_RUN];
	guest->vcpus[1]->arch.wants_irq = true; /* an interrupt waits with it */
	machine_settle();
	assert_int_equal(guest->vcpus[1]->thread.state, VCPU_PAUSED);
	assert_int_equal(guest->vcpus[2]->arch.counts[HOST_VCPU_RUN], runs);
	assert_int_equal(guest_resume(guest), OK);
	machine_settle();
	assert_int_equal(guest->state, GUEST_RUNNING);
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(guest->vcpus[i]->thread.state, VCPU_RUNNING);
	assert_int_equal(guest->vcpus[2]->arch.start.argument, 9);
	assert_int_equal(guest->running, 3);
}

static void a_paused_guest_can_be_stopped_and_reset(void **state)
{
	(void)state;
	start_second();
	assert_int_equal(guest_pause(guest), OK);
	machine_settle();
	assert_int_equal(guest_reset(guest), OK);
	assert_int_equal(guest_reset(guest), ERR_BUSY);
	assert_int_equal(guest_pause(guest), ERR_STATE);
	assert_int_equal(guest_end(guest, false), ERR_BUSY);
	machine_settle();
	assert_int_equal(guest->state, GUEST_RUNNING);
	assert_int_equal(guest->resets, 1);
	assert_int_equal(guest_pause(guest), OK);
	machine_settle();
	assert_int_equal(guest_end(guest, false), OK);
	assert_int_equal(guest_end(guest, false), ERR_STATE);
	machine_settle();
	assert_int_equal(guest->state, GUEST_STOPPED);
	assert_int_equal(guest->running, 0);
	assert_int_equal(guest_resume(guest), ERR_STATE);
	assert_int_equal(guest_pause(guest), ERR_STATE);
	assert_int_equal(guest_reset(guest), ERR_STATE);
}

/* Its last vCPU turns itself off just when it is to be paused. */
static void a_paused_guest_can_end(void **state)
{
	(void)state;
	assert_int_equal(guest_pause(guest), OK);
	assert_true(give(0, (struct vcpu_exit){ .kind = EXIT_CPU_OFF }));
	machine_settle();
	assert_int_equal(guest->state, GUEST_STOPPED);
	assert_int_equal(guest_resume(guest), ERR_STATE);
}

static void halt_dumps_every_vcpu(void **state)
{
	(void)state;
	start_second();
	assert_true(give(1, (struct vcpu_exit){ .kind = EXIT_WAIT }));
	assert_int_equal(guest_end(guest, true), OK);
	machine_settle();
	assert_int_equal(guest->state, GUEST_CRASHED);
	assert_int_equal(guest->crashes, 1);
	assert_int_equal(guest->vcpus[0]->thread.state, VCPU_HALTED);
	assert_int_equal(guest->vcpus[1]->thread.state, VCPU_HALTED);
	assert_int_equal(guest->vcpus[2]->thread.state, VCPU_RESET);
	assert_int_equal(dumps(0), 1);
	assert_int_equal(dumps(1), 1);
	assert_int_equal(dumps(2), 0);
	assert_int_equal(guest_start(guest), OK);
	machine_settle();
	assert_int_equal(guest->state, GUEST_RUNNING);
}

/* No act of the manager's ends the machine; a guest's own end may. */
static void the_manager_does_not_end_the_machine(void **state)
{
	(void)state;
	guests_stay = false;
	assert_int_equal(guest_end(guest, false), OK);
	machine_settle();
	assert_int_equal(host_end, HOST_END_NONE);
	assert_non_null(strstr(host_console, "no guest is running"));
	assert_int_equal(guest_start(guest), OK);
	machine_settle();
	assert_true(give(0, (struct vcpu_exit){ .kind = EXIT_SYSTEM_OFF }));
	assert_int_equal(host_end, HOST_END_POWEROFF);
	host_end = HOST_END_NONE;
	guests_stay = true;
}

#define with_guest(test)    cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define without_guest(test) cmocka_unit_test_setup_teardown(test, set_up_absent, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		without_guest(segments),
		without_guest(ten_thousand_lives),
		with_guest(numbers_are_kept_apart),
		without_guest(no_page_is_lost_when_the_heap_is_short),
		without_guest(no_memory_is_lost_when_ram_is_short),
		without_guest(the_budget_is_looked_at_first),
		with_guest(a_running_guest_is_stopped_first),
		with_guest(a_paused_guest_is_destroyed),
		with_guest(a_crashed_guest_is_destroyed),
		with_guest(a_guest_in_reset_is_destroyed),
		with_guest(destroy_waits_for_interrupt_handlers),
		without_guest(a_guest_is_reset_while_it_loads),
		with_guest(a_guest_can_be_started_again),
		with_guest(a_paused_guest_waits),
		with_guest(a_paused_guest_can_be_stopped_and_reset),
		with_guest(a_paused_guest_can_end),
		with_guest(halt_dumps_every_vcpu),
		with_guest(the_manager_does_not_end_the_machine),
		without_guest(the_scrubber_cleans_up),
	};

	return cmocka_run_group_tests(tests, start_machine, NULL);
}
