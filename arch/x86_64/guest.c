/* SPDX-License-Identifier: Apache-2.0 */
/* The x86-64 part of a guest beside its vCPUs: the LAPICs' bus, the IOAPIC, and its lines. */
#include "arch/x86_64/predict.h"
#include "arch/x86_64/virt.h"

#include <abi/component.h>
#include <arch/mmu.h>
#include <arch/virq.h>
#include <mullion/cpu.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/string.h>

/* The last one takes every CPU. */
static const struct virt *const vendors[] = { &virt_vmx, &svm };

static u8 *closed_ports; /* no port passes; guests are created one after the other */

static const struct virt *vendor(void)
{
	u32 i = 0;

	while (i < ARRAY_SIZE(vendors) - 1 && !vendors[i]->suits())
		i++;
	return vendors[i];
}

u8 guest_space_kind(void)
{
	return vendor()->space_kind;
}

/* The processor's virtualisation is probed for the first guest. */
static bool probe(const struct guest *guest)
{
	static const char *why;

	if (virt == NULL && why == NULL) {
		why = vendor()->probe();
		if (why == NULL) {
			virt = vendor();
			predict_warn();
			log_info("virtualisation: %s", virt->name);
		}
	}
	if (virt == NULL)
		log_error("guest '%s': %s", guest->config->name, why);
	return virt != NULL;
}

/* State that INIT and SIPI keep. Linux's kernels and other direct starts find every LAPIC in
 * x2APIC mode, as firmware leaves it. */
static void power_up(struct guest *guest)
{
	bool x2 = guest->config->arch.x86.boot != X86_BOOT_FIRMWARE;

	ioapic_reset(&guest->arch.ioapic);
	atomic_store(&guest->arch.request, 0);
	for (u32 i = 0; i < guest->num_vcpus; i++) {
		struct lapic *lapic = &guest->vcpus[i]->arch.lapic;
		u64 base;

		msr_state_reset(&guest->vcpus[i]->arch.msrs, guest->space.address_bits);
		lapic_reset(lapic, i);
		base = atomic_load(&lapic->base);
		if (x2 && !lapic_base_write(lapic, base | APIC_BASE_X2APIC))
			ASSERT(false);
	}
	lapic_wire_8259(&guest->vcpus[0]->arch.lapic);
}

/* Ports that the description gives to the guest do not exit. Guests without any share a map. */
static enum err map_ports(struct guest *guest)
{
	const struct space *space = &guest->space;
	u8 *map = space->num_ports == 0 ? closed_ports : NULL;

	if (map == NULL) {
		map = page_alloc(PORT_MAP_PAGES);
		if (map == NULL)
			return ERR_NO_MEMORY;
		memset(map, 0xff, PORT_MAP_PAGES * PAGE_SIZE);
	}
	if (space->num_ports == 0)
		closed_ports = map;
	guest->arch.port_map = map;
	for (u32 i = 0; i < space->num_ports; i++)
		for (u32 n = 0; n < space->ports[i].count; n++) {
			u32 port = space->ports[i].first + n;

			map[port / 8] &= (u8)~BIT(port % 8);
		}
	return OK;
}

enum err arch_guest_init(struct guest *guest)
{
	enum err err;

	if (!probe(guest))
		return ERR_UNSUPPORTED;
	if (guest->num_vcpus > LAPIC_MAX_VCPUS)
		return ERR_INVALID;
	spin_init(&guest->arch.lock, RANK_VIRQ);
	exit_offers(guest);
	err = map_ports(guest);
	guest->arch.bus.count = guest->num_vcpus;
	for (u32 i = 0; err == OK && i < guest->num_vcpus; i++) {
		guest->arch.bus.cpus[i] = &guest->vcpus[i]->arch.lapic;
		err = vcpu_create(guest->vcpus[i]);
	}
	if (err == OK)
		power_up(guest);
	return err;
}

void arch_guest_destroy(struct guest *guest)
{
	/* Another guest may get this structure: it is not the one that has trained predictors. */
	for (u32 id = 0; id < cpu_count; id++)
		if (cpu_get(id)->arch.predicts_for == guest)
			cpu_get(id)->arch.predicts_for = NULL;
	for (u32 i = 0; i < guest->num_vcpus; i++)
		if (guest->vcpus[i] != NULL)
			vcpu_destroy(guest->vcpus[i]);
	if (guest->arch.port_map != closed_ports)
		page_free(guest->arch.port_map, PORT_MAP_PAGES);
	guest->arch.port_map = NULL;
}

void arch_guest_reset(struct guest *guest)
{
	u32 held;

	spin_lock(&guest->arch.lock);
	held = guest->arch.ioapic.held;
	power_up(guest);
	spin_unlock(&guest->arch.lock);
	guest_end_lines(guest, held);
}

/* The machine's line that is input @pin of the guest's IOAPIC; 0: none. */
static u32 line_of_pin(const struct guest *guest, u32 pin)
{
	const struct config_guest *config = guest->config;

	for (u32 i = 0; i < config->num_regions; i++)
		for (u32 k = 0; k < config->regions[i].num_irqs; k++)
			if (config->regions[i].kind != REGION_VIRTUAL &&
			    config->regions[i].irqs[k].guest == pin)
				return config->regions[i].irqs[k].host;
	return 0;
}

void guest_end_lines(const struct guest *guest, u32 pins)
{
	for (; pins != 0; pins &= pins - 1)
		irq_unmask(line_of_pin(guest, (u32)__builtin_ctz(pins)));
}

bool arch_virq_set(struct guest *guest, u32 line, bool level)
{
	struct lapic_effect effect = { .eoi = LAPIC_NONE };

	spin_lock(&guest->arch.lock);
	ioapic_set(&guest->arch.ioapic, &guest->arch.bus, line, level, &effect);
	spin_unlock(&guest->arch.lock);
	vcpu_kicks(guest, effect.kicks);
	return effect.merged;
}

/* The request is at LINT0 of the first LAPIC and at pin 0 of the IOAPIC. */
u32 arch_virq_request(struct guest *guest, u32 vector)
{
	struct lapic_effect effect = { .eoi = LAPIC_NONE };
	bool asks = vector < VIRQ_NONE;
	u32 before;

	spin_lock(&guest->arch.lock);
	before = atomic_exchange(&guest->arch.request, asks ? INTERRUPT_8259 | vector : 0);
	ioapic_set(&guest->arch.ioapic, &guest->arch.bus, 0, false, &effect);
	if (asks) {
		ioapic_set(&guest->arch.ioapic, &guest->arch.bus, 0, true, &effect);
		atomic_fetch_or(&guest->arch.bus.cpus[0]->events, LAPIC_EVENT_LINT0);
		effect.kicks |= BIT(0);
	}
	spin_unlock(&guest->arch.lock);
	vcpu_kicks(guest, effect.kicks);
	return before != 0 ? before & 0xff : VIRQ_NONE;
}

/* An edge is one event. A level line is masked until the guest has ended the interrupt. It signals
 * again then if the device still asserts it. */
void arch_virq_deliver(const struct irq_route *route)
{
	struct lapic_effect effect = { .eoi = LAPIC_NONE };
	struct guest *guest = route->owner;
	struct arch_guest *arch = &guest->arch;

	if (route->level)
		irqchip->disable(route->line);
	spin_lock(&arch->lock);
	if (route->level) {
		ioapic_hold(&arch->ioapic, &arch->bus, route->target, &effect);
	} else {
		ioapic_set(&arch->ioapic, &arch->bus, route->target, true, &effect);
		ioapic_set(&arch->ioapic, &arch->bus, route->target, false, &effect);
	}
	spin_unlock(&arch->lock);
	vcpu_kicks(guest, effect.kicks);
}
