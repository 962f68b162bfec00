/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guests whose vCPUs share few CPUs, under a manager that pauses, resets, stops and destroys them.
 * A guest that was entered stays until an interrupt ends its run; most never exit by themselves.
 * So a request that is overlooked on the way into a guest is never served, and shows.
 */
#include "tests/sim/sim.h"

#include <string.h>

#include <arch/time.h>
#include <mullion/guest.h>
#include <mullion/irq.h>
#include <mullion/mem.h>

#include "support/machine.h"
#include "support/orphan.h"

#define GUESTS     SERVED_GUESTS
#define MANAGERS   2
#define ACTS       30
#define MOST_STEPS 100000

static struct config_guest configs[GUESTS];
static struct thread *managers[MANAGERS];
static u32 num_managers, managed;
static bool exiting, served;
static u64 free_pages, free_ram;

static struct vcpu *in_guest(u32 id)
{
	struct cpu *cpu = cpu_get(id);

	return world.cpus[id].pause == HOST_WANTS_EXIT && cpu->thread->kind == THREAD_VCPU
		       ? container_of(cpu->thread, struct vcpu, thread)
		       : NULL;
}

/* Each CPU that runs a guest has served every request, or has an interrupt pending. */
static void check_guests(void)
{
	for (u32 i = 0; i < world.num_cpus; i++) {
		const struct vcpu *vcpu = in_guest(i);

		if (vcpu == NULL || interrupted(i))
			continue;
		MUST(atomic_load(&vcpu->requests) == 0,
		     "CPU %u runs '%s' with requests 0x%lx but no interrupt", i, vcpu->thread.name,
		     (unsigned long)atomic_load(&vcpu->requests));
		MUST(!cpu_get(i)->resched, "CPU %u has a pending reschedule but no interrupt", i);
	}
}

/* The next exit that a guest's vCPU causes by itself. */
static void choose_exit(struct vcpu *vcpu)
{
	static struct vcpu_exit exits[SIM_CPUS];
	struct vcpu_exit *exit = &exits[vcpu->thread.cpu];
	u64 other = chance(vcpu->guest->num_vcpus);

	host_set_wants_irq(vcpu, false);
	*exit = (struct vcpu_exit){ .kind = EXIT_CPU_ON, .cpu_on = { other, { GUEST_RAM, 0 } } };
	/* One guest only ever starts its vCPUs, which spin. */
	if (served && chance(20) != 0) {
		if (chance(6) == 0)
			exit->kind = EXIT_WAIT;
		else
			exit->kind = chance(2) == 0 ? EXIT_WRITE : EXIT_READ;
		exit->access.at = GPA(GUEST_VIRTUAL + (chance(2) == 0 ? 0x50 : 0));
		exit->access.width = 4;
		host_script(vcpu, exit, 1);
		return;
	}
	switch (vcpu->guest->id == 0 ? 6 : chance(16)) {
	case 0: exit->kind = EXIT_SYSTEM_OFF; break;
	case 1: exit->kind = EXIT_SYSTEM_RESET; break;
	case 2: exit->kind = EXIT_CPU_OFF; break;
	case 3: *exit = (struct vcpu_exit){ .kind = EXIT_ERROR, .error = { "a test" } }; break;
	case 4: exit->kind = EXIT_WAIT; break;
	case 5: exit->kind = EXIT_NONE; break;
	default: break;
	}
	host_script(vcpu, exit, 1);
}

/* Returns false when the CPU stays where it is. */
static bool step(u32 id)
{
	struct vcpu *vcpu = in_guest(id);

	if (vcpu != NULL && exiting && chance(4) == 0)
		choose_exit(vcpu);
	else if ((vcpu != NULL || world.cpus[id].pause == HOST_IDLE) && !interrupted(id))
		return false;
	/* While the core runs, interrupts stay pending. */
	if (world.cpus[id].pause != HOST_BUSY) {
		world.cpus[id].kicks = cpu_get(id)->arch.kicks;
		world.cpus[id].poked = false;
	}
	world.cpus[id].pause = host_loop(id);
	check_guests();
	if (served) {
		served_check();
		pass_time(US(3));
	}
	return true;
}

static void settle(void)
{
	u32 still = 0;

	for (u32 steps = 0; still < 2 * world.num_cpus; steps++) {
		MUST(steps < MOST_STEPS, "the CPUs do not come to rest");
		still = step((u32)chance(world.num_cpus)) ? 0 : still + 1;
	}
}

/* One of a guest's vCPUs gets an interrupt. */
static void interrupt_guest(u32 id)
{
	struct guest *guest;

	if (guest_pin(id, &guest) != OK)
		return;
	host_set_wants_irq(guest->vcpus[chance(guest->num_vcpus)], true);
	guest_unpin(id);
}

/* A device's interrupt, on a CPU that is not in the core. */
static void interrupt(u32 id)
{
	if (world.cpus[id].pause == HOST_BUSY)
		return;
	host_cpu_select(id);
	sched_interrupt_begin();
	if (chance(2) == 0)
		interrupt_guest((u32)chance(GUESTS));
	else
		served_interrupt();
	sched_interrupt_end();
	world.cpus[id].poked = true;
	served_check();
}

/* Up to the earliest deadline, and all that it causes. */
static void go_on(void)
{
	u64 next = UINT64_MAX;

	exiting = false;
	settle();
	for (u32 i = 0; i < world.num_cpus; i++) {
		const struct arch_cpu *arch = &cpu_get(i)->arch;

		if (arch->has_deadline && arch->deadline.v < next)
			next = arch->deadline.v;
	}
	if (next != UINT64_MAX && next > arch_time_now().v)
		host_time_set(NS(next));
}

/* Another manager may be at it, or have been first. */
static void destroy(u32 id)
{
	enum err err = guest_destroy(id);

	MUST(err == OK || ((err == ERR_BUSY || err == ERR_NOT_FOUND) && num_managers > 1),
	     "guest %u is not destroyed: %s", id, err_name(err));
}

static void create(u32 id)
{
	struct guest *guest = NULL;
	enum err err = guest_create(id, &configs[id], &guest);

	MUST(err == OK || ((err == ERR_BUSY || err == ERR_EXISTS) && num_managers > 1),
	     "guest %u is not created: %s", id, err_name(err));
	if (err != OK || guest_pin(id, &guest) != OK)
		return;
	err = guest_start(guest);
	MUST(err == OK || (err == ERR_STATE && num_managers > 1), "guest %u is not started: %s", id,
	     err_name(err));
	guest_unpin(id);
}

static void act_on(u32 id, u64 what)
{
	struct guest *guest = NULL;
	enum err err = guest_pin(id, &guest);

	if (err == ERR_NOT_FOUND) {
		create(id);
		return;
	}
	if (err == ERR_BUSY && num_managers > 1)
		return;
	MUST(err == OK, "guest %u cannot be acted on: %s", id, err_name(err));
	switch (what) {
	case 0: err = guest_pause(guest); break;
	case 1: err = guest_resume(guest); break;
	case 2: err = guest_reset(guest); break;
	case 3: err = guest_end(guest, false); break;
	case 4: err = guest_end(guest, true); break;
	default: err = guest_start(guest); break;
	}
	MUST(err == OK || err == ERR_STATE || err == ERR_BUSY, "an act ends in %s", err_name(err));
	guest_unpin(id);
	if (what == 5)
		destroy(id);
}

static void manage(void *data)
{
	(void)data;
	for (u32 i = 0; i < ACTS; i++) {
		act_on((u32)chance(GUESTS), chance(served ? 16 : 8));
		thread_sleep(NS(chance(MS(1))));
	}
	/* The last manager leaves no guest. */
	if (++managed < num_managers)
		return;
	for (u32 id = 0; id < GUESTS; id++) {
		enum err err = guest_destroy(id);

		MUST(err == OK || err == ERR_NOT_FOUND, "the last destroy: %s", err_name(err));
	}
}

static void begin(u64 seed_ns)
{
	memset(&world, 0, sizeof(world));
	host_time_set(NS(seed_ns));
	world.begin = seed_ns;
	world.num_cpus = 1 + (u32)chance(SIM_CPUS);
	for (u32 i = 0; i < world.num_cpus; i++) {
		world.cpus[i].kicks = cpu_get(i)->arch.kicks;
		world.cpus[i].pause = HOST_IDLE;
	}
	for (u32 i = 0; i < GUESTS; i++) {
		machine_config(&configs[i], "guest", 0, 1 + (u32)chance(4), false);
		for (u32 k = 0; k < configs[i].num_vcpus; k++) {
			configs[i].vcpus[k].cpu = (u32)chance(world.num_cpus);
			configs[i].vcpus[k].priority = (u8)(PRIORITY_GUEST + 10 * chance(3));
		}
	}
	served = chance(2) == 0;
	guests_stay = true;
	managed = 0;
	num_managers = served ? MANAGERS : 1;
	host_cpu_select(0);
	/* More urgent than most vCPUs are, and as urgent as the others. */
	for (u32 i = 0; i < num_managers; i++) {
		managers[i] =
			thread_create("manager", manage, NULL, PRIORITY_GUEST + 20, SLICE_DEFAULT);
		MUST(managers[i] != NULL && thread_start(managers[i]) == OK, "no manager");
	}
	free_pages = page_free_count();
	free_ram = ram_free_bytes();
	if (served)
		served_begin(configs);
	world.cpus[0].poked = true;
}

static void stop_components(void)
{
	for (u32 steps = 0; !served_stopped(); steps++) {
		MUST(steps < MOST_STEPS, "a component never stops");
		served_stop(); /* a restart may have come last */
		go_on();
	}
	host_cpu_select(0);
	served_end();
	served = false;
}

static bool managers_stopped(void)
{
	for (u32 i = 0; i < num_managers; i++)
		if (!thread_stopped(managers[i]))
			return false;
	return true;
}

void guests_run(u64 seed_ns)
{
	begin(seed_ns);
	for (u32 steps = 0; !managers_stopped(); steps++) {
		MUST(steps < MOST_STEPS, "an act of the manager's never ends");
		exiting = chance(4) == 0 || served;
		for (u64 i = chance(served ? 200 : 16); i > 0; i--) {
			(void)step((u32)chance(world.num_cpus));
			if (served && chance(20) == 0)
				interrupt((u32)chance(world.num_cpus));
		}
		if (chance(served ? 16 : 2) == 0)
			go_on();
	}
	go_on();
	host_cpu_select(0);
	if (served)
		stop_components();
	MUST(page_free_count() == free_pages, "pages are lost");
	MUST(ram_free_bytes() == free_ram, "RAM is lost");
	for (u32 i = 0; i < num_managers; i++)
		thread_release(managers[i]);
	for (u32 i = 0; i < GUESTS; i++)
		machine_config_free(&configs[i]);
	/* A review and a check for starved threads may still come, at times of each CPU's own. */
	for (u32 i = 0; i < 4 * world.num_cpus; i++)
		go_on();
	for (u32 i = 0; i < world.num_cpus; i++)
		MUST(timer_count(i, NULL) == 0, "a timer is still armed");
}
