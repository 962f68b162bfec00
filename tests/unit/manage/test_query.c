/* SPDX-License-Identifier: Apache-2.0 */
/* core/manage/query.c: a manager's queries of guests, the machine, its log and its tree. */
#include "manage/fixture.h"

static void guests_are_described(void **state)
{
	struct manage_guest guest;
	struct manage_vcpu vcpu;

	(void)state;
	assert_int_equal(ask(MANAGE_GUEST, 2, &guest, sizeof(guest)), sizeof(guest));
	assert_string_equal(guest.name, "three");
	assert_string_equal(guest.template_name, "mould");
	assert_string_equal(guest.vmm, "");
	assert_int_equal(guest.state, GUEST_ABSENT);
	assert_int_equal(guest.ram_bytes, GUEST_RAM_BYTES);
	assert_int_equal(guest.regions, 4);
	assert_int_equal(ask(MANAGE_GUEST, 1, &guest, sizeof(guest)), sizeof(guest));
	assert_string_equal(guest.vmm, "driver");
	assert_int_equal(guest.id, 1);
	assert_int_equal(act(BOSS, MANAGE_GUEST_START, 0), 0);
	machine_settle();
	assert_int_equal(ask(MANAGE_GUEST, 0, &guest, sizeof(guest)), sizeof(guest));
	assert_int_equal(guest.start_pc, GUEST_KERNEL);
	assert_int_equal(guest.core.objects, guest_get(0)->object_pages * PAGE_SIZE);
	assert_int_equal(guest.core.tables, guest_get(0)->space.table_pages * PAGE_SIZE);
	assert_true(guest.exits > 0);
	assert_int_equal(ask(MANAGE_VCPU, 0, &vcpu, sizeof(vcpu)), sizeof(vcpu));
	assert_string_equal(vcpu.guest, "one");
	assert_int_equal(vcpu.index, 0);
	assert_int_equal(vcpu.pc, GUEST_KERNEL);
	assert_true(vcpu.exits[EXIT_NONE] > 0);
	assert_int_equal(act(BOSS, MANAGE_GUEST_STOP, 0), 0);
	machine_settle();
}

static void give(u32 kind)
{
	assert_true(machine_give(guest_get(0)->vcpus[0], &(struct vcpu_exit){ .kind = kind }));
}

/* More than the ring has, and a wait of 700 ns. */
static void exits_are_recorded(void **state)
{
	static struct manage_profile profile;
	u64 bytes = sizeof(profile), used = page_total() - page_free_count();
	struct manage_guest guest;

	(void)state;
	assert_int_equal(ask(MANAGE_PROFILE, 0, &profile, bytes), -ERR_NOT_FOUND);
	assert_int_equal(act(BOSS, MANAGE_GUEST_PROFILE, 2), -ERR_NOT_FOUND);
	assert_int_equal(act(CLERK, MANAGE_GUEST_PROFILE, 0), -ERR_DENIED);
	assert_int_equal(act(BOSS, MANAGE_GUEST_START, 0), 0);
	machine_settle();
	assert_int_equal(act(BOSS, MANAGE_GUEST_PROFILE, 0), 0);
	assert_int_equal(page_total() - page_free_count(), used + 1);
	assert_int_equal(ask(MANAGE_GUEST, 0, &guest, sizeof(guest)), sizeof(guest));
	assert_int_equal(guest.core.objects, (guest_get(0)->object_pages + 1) * PAGE_SIZE);
	machine_settle();
	give(EXIT_WAIT);
	host_time_set(NS(arch_time_now().v + 700));
	host_set_wants_irq(guest_get(0)->vcpus[0], true);
	machine_settle();
	for (u32 i = 0; i < MANAGE_EXITS; i++)
		give(EXIT_NONE);
	assert_int_equal(ask(MANAGE_PROFILE, 0, &profile, bytes - 1), -ERR_TOO_BIG);
	assert_int_equal(ask(MANAGE_PROFILE, 1, &profile, bytes), -ERR_NOT_FOUND);
	assert_int_equal(call(BOSS, MANAGE_PROFILE, 0, ELSEWHERE, bytes, 0, NULL), -ERR_FAULT);
	assert_int_equal(call(CLERK, MANAGE_PROFILE, 0, BUFFER, bytes, 0, NULL), -ERR_DENIED);
	assert_int_equal(ask(MANAGE_PROFILE, 0, &profile, bytes), bytes);
	assert_int_equal(profile.on, 1);
	assert_int_equal(profile.run, 1);
	assert_int_equal(profile.num_reasons, 2);
	assert_int_equal(profile.reasons[1].code, EXIT_WAIT);
	assert_string_equal(profile.reasons[1].name, "scripted");
	assert_int_equal(profile.reasons[1].count, 1);
	assert_int_equal(profile.reasons[1].min_ns, 700);
	assert_int_equal(profile.reasons[1].max_ns, 700);
	assert_int_equal(profile.reasons[1].total_ns, 700);
	assert_int_equal(profile.reasons[0].code, EXIT_NONE);
	assert_true(profile.reasons[0].count >= MANAGE_EXITS);
	assert_int_equal(profile.reasons[0].max_ns, 0);
	assert_int_equal(profile.written, profile.reasons[0].count + 1);
	assert_int_equal(act(BOSS, MANAGE_GUEST_PROFILE_END, 0), 0);
	machine_settle();
	give(EXIT_NONE);
	bytes = profile.written;
	assert_int_equal(ask(MANAGE_PROFILE, 0, &profile, sizeof(profile)), sizeof(profile));
	assert_int_equal(profile.on, 0);
	assert_true(profile.written <= bytes + 1);
	/* Once more: from nothing, in the same page. */
	assert_int_equal(act(BOSS, MANAGE_GUEST_PROFILE, 0), 0);
	machine_settle();
	assert_int_equal(ask(MANAGE_PROFILE, 0, &profile, sizeof(profile)), sizeof(profile));
	assert_int_equal(profile.run, 2);
	assert_true(profile.written < 3);
	assert_int_equal(page_total() - page_free_count(), used + 1);
	assert_int_equal(act(BOSS, MANAGE_GUEST_PROFILE_END, 0), 0);
	assert_int_equal(act(BOSS, MANAGE_GUEST_STOP, 0), 0);
	machine_settle();
}

static void regions_are_described(void **state)
{
	struct manage_region region;

	(void)state;
	assert_int_equal(ask(MANAGE_REGION, 2, &region, sizeof(region)), sizeof(region));
	assert_string_equal(region.name, "ram");
	assert_int_equal(region.kind, REGION_RAM);
	assert_int_equal(region.gpa, GUEST_RAM);
	assert_int_equal(region.size, GUEST_RAM_BYTES);
	assert_int_equal(region.hpa, guest_get(0)->regions[2].hpa.v);
	/* Of a guest that is not there, only what is described. */
	assert_int_equal(ask(MANAGE_REGION, 2 << 16 | 1, &region, sizeof(region)), sizeof(region));
	assert_string_equal(region.name, "ram");
	assert_int_equal(region.hpa, 0);
}

static void the_machine_is_described(void **state)
{
	struct manage_host record;
	struct manage_cpu cpu;

	(void)state;
	assert_int_equal(ask(MANAGE_HOST, 0, &record, sizeof(record)), sizeof(record));
	assert_string_equal(record.machine, "a,test");
	assert_string_equal(record.cpu_model, "a cpu");
	assert_int_equal(record.cpus, MACHINE_CPUS);
	assert_int_equal(record.ram_bytes, MACHINE_RAM);
	assert_int_equal(record.ram_free_bytes, ram_free_bytes());
	assert_int_equal(record.ram_dirty_bytes, ram_dirty_bytes());
	assert_int_equal(record.heap_pages, page_total());
	assert_int_equal(record.guests, GUESTS);
	assert_int_equal(record.components, COMPONENTS);
	assert_int_equal(ask(MANAGE_CPU, 1, &cpu, sizeof(cpu)), sizeof(cpu));
	assert_int_equal(cpu.id, 1);
	assert_int_equal(cpu.identity, 0x100);
	assert_true(cpu.strategy[0] != '\0');
	assert_true(cpu.running[0] != '\0');
}

static void what_runs_and_interrupts_is_described(void **state)
{
	struct manage_component component;
	struct manage_thread thread;
	struct manage_irq irq;
	u32 threads = 0;

	(void)state;
	assert_int_equal(ask(MANAGE_IRQ, 0, &irq, sizeof(irq)), sizeof(irq));
	assert_int_equal(irq.host, HOST_IRQ);
	assert_int_equal(irq.target, GUEST_IRQ);
	assert_string_equal(irq.owner, "one");
	assert_int_equal(irq.max_per_second, 0);
	assert_int_equal(ask(MANAGE_IRQ, 1, &irq, sizeof(irq)), -ERR_NOT_FOUND);
	assert_int_equal(ask(MANAGE_COMPONENT, CLERK, &component, sizeof(component)),
			 sizeof(component));
	assert_string_equal(component.name, "clerk");
	assert_int_equal(component.id, CLERK);
	assert_int_equal(component.state, COMPONENT_CREATED);
	while (ask(MANAGE_THREAD, threads, &thread, sizeof(thread)) > 0) {
		assert_true(thread.name[0] != '\0');
		threads++;
	}
	assert_true(threads >= COMPONENTS);
}

static void the_log_is_read_by_number(void **state)
{
	enum { LINE = sizeof("[    0.000000] mullion: something") };
	char text[64];
	u64 first, next, second;

	(void)state;
	log_bounds(&first, &next);
	log_error("something");
	assert_int_equal(call(BOSS, MANAGE_LOG, 0, BUFFER, 9, next, &second), 9);
	assert_int_equal(second, next + 9);
	assert_int_equal(call(BOSS, MANAGE_LOG, 0, BUFFER + 9, 55, second, &second), LINE - 9);
	assert_int_equal(second, next + LINE);
	assert_int_equal(component_copy_in(components[BOSS], text, BUFFER, LINE), OK);
	assert_memory_equal(text + LINE - 19, "mullion: something\n", 19);
	assert_int_equal(call(BOSS, MANAGE_LOG, 0, BUFFER, 64, second, &second), 0);
	assert_int_equal(call(BOSS, MANAGE_LOG, 0, BUFFER, 64, UINT64_MAX, &second), 0);
	assert_int_equal(second, next + LINE);
	assert_int_equal(call(BOSS, MANAGE_LOG, 0, BUFFER, 0, next, &second), 0);
	assert_int_equal(second, next);
	assert_int_equal(call(BOSS, MANAGE_LOG, 0, ELSEWHERE, 1, next, &second), -ERR_FAULT);
	for (u32 i = 0; i < 2000; i++)
		log_raw("0123456789abcde\n", 16);
	/* More than fits on a stack, from where the ring begins. */
	log_bounds(&first, &next);
	assert_int_equal(call(BOSS, MANAGE_LOG, 0, BUFFER, 1000, 0, &second), 1000);
	assert_int_equal(second, first + 1000);
	assert_int_equal(call(BOSS, MANAGE_LOG, 1, BUFFER, 64, 0, &second), -ERR_NOT_FOUND);
}

static void the_tree_is_read_in_pieces(void **state)
{
	u8 seen[sizeof(tree_bytes)];
	u64 second;

	(void)state;
	assert_int_equal(call(BOSS, MANAGE_TREE, 0, BUFFER, 100, 0, &second), 100);
	assert_int_equal(second, sizeof(tree_bytes));
	assert_int_equal(call(BOSS, MANAGE_TREE, 0, BUFFER + 100, PAGE_SIZE, 100, &second), 200);
	assert_int_equal(component_copy_in(components[BOSS], seen, BUFFER, sizeof(seen)), OK);
	assert_memory_equal(seen, tree_bytes, sizeof(seen));
	assert_int_equal(call(BOSS, MANAGE_TREE, 0, BUFFER, 1, sizeof(tree_bytes), &second), 0);
	assert_int_equal(call(BOSS, MANAGE_TREE, 0, BUFFER, 1, sizeof(tree_bytes) + 1, &second),
			 -ERR_RANGE);
	assert_int_equal(call(BOSS, MANAGE_TREE, 0, BUFFER, 1, UINT64_MAX, &second), -ERR_RANGE);
	assert_int_equal(call(BOSS, MANAGE_TREE, 0, ELSEWHERE, 1, 0, &second), -ERR_FAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guests_are_described),
		cmocka_unit_test(exits_are_recorded),
		cmocka_unit_test(regions_are_described),
		cmocka_unit_test(the_machine_is_described),
		cmocka_unit_test(what_runs_and_interrupts_is_described),
		cmocka_unit_test(the_log_is_read_by_number),
		cmocka_unit_test(the_tree_is_read_in_pieces),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
