/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual interrupts when guests and vCPUs come and go: set-up, reset, load and put. */
#include <asm/virq.h>

#include <mullion/cpu.h>
#include <mullion/guest.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/string.h>

#include "arch/arm64/virq.h"
#include "drivers/irqchip/gic.h"

__boot enum err virq_init(const struct host *host)
{
	enum err err;

	virq_hw.v3 = host->arch.arm64.gic == HOST_GIC_V3;
	virq_hw.vtimer = host->arch.arm64.timer_irq[2];
	virq_hw.maintenance = host->arch.arm64.maintenance_irq;
	if (virq_hw.vtimer < 16 || virq_hw.vtimer >= GIC_PRIVATE || virq_hw.maintenance < 16 ||
	    virq_hw.maintenance >= GIC_PRIVATE) {
		log_error("the host tree gives no private interrupt for %s",
			  virq_hw.vtimer < 16 || virq_hw.vtimer >= GIC_PRIVATE
				  ? "the virtual timer"
				  : "the GIC's maintenance");
		return ERR_UNSUPPORTED;
	}
	if (virq_hw.v3)
		virq_hw.short_lrs = 4;
	if (virq_hw.v3)
		virq_hw.num_aprs =
			(u8)(1u << (FIELD(read_sysreg(SYS_ICH_VTR_EL2), 28, 26) + 1 - 5));
	err = irq_register(virq_hw.vtimer, virq_vtimer_handler, true);
	return err ? err : irq_register(virq_hw.maintenance, virq_maintenance_handler, false);
}

__cold enum err virq_guest_init(struct guest *guest)
{
	const struct config_guest *config = guest->config;
	struct arm64_virq *virq = &guest->arch.virq;
	u64 pages;
	void *storage;
	enum err err;

	if (config->arch.arm64.gic_version != (virq_hw.v3 ? 3 : 2))
		return ERR_UNSUPPORTED;
	pages = ALIGN_UP(vgic_storage_bytes(config->arch.arm64.num_spis, config->num_vcpus),
			 PAGE_SIZE) >>
		PAGE_SHIFT;
	storage = page_alloc(pages);
	if (!storage)
		return ERR_NO_MEMORY;
	err = vgic_init(&virq->vgic, config->arch.arm64.gic_version,
			MIN(gic->num_lrs, (u32)VGIC_MAX_LRS), config->arch.arm64.num_spis,
			config->num_vcpus, storage);
	if (err) {
		page_free(storage, pages);
		return err;
	}
	virq->gicd = config->arch.arm64.gicd.v;
	virq->gicd_size = virq_hw.v3 ? VGIC_GICD3_SIZE : VGIC_GICD2_SIZE;
	virq->dir = config->arch.arm64.gicc.v + PAGE_SIZE;
	virq->dir_size = virq_hw.v3 ? 0 : PAGE_SIZE;
	virq->gicr = config->arch.arm64.gicr.v;
	virq->gicr_size = virq_hw.v3 ? config->num_vcpus * VGIC_GICR_SIZE : 0;
	return OK;
}

__cold void virq_guest_destroy(struct guest *guest)
{
	struct vgic *vgic = &guest->arch.virq.vgic;

	if (!vgic->cpus)
		return;
	page_free(vgic->cpus,
		  ALIGN_UP(vgic_storage_bytes(vgic->num_spis, vgic->num_cpus), PAGE_SIZE) >>
			  PAGE_SHIFT);
	memset(vgic, 0, sizeof(*vgic));
}

__cold void virq_guest_reset(struct guest *guest)
{
	struct arm64_virq *virq = &guest->arch.virq;

	spin_lock(&virq->vgic.lock);
	irq_move_all(guest, IRQ_ANY_CPU, guest->vcpus[0]->thread.cpu);
	vgic_reset(&virq->vgic);
	virq_release(&virq->vgic, NULL);
	spin_unlock(&virq->vgic.lock);
}

__cold void virq_vcpu_reset(struct vcpu *vcpu)
{
	struct arm64_virq *virq = &vcpu->guest->arch.virq;
	struct arm64_virq_cpu *cpu = &vcpu->arch.virq;
	enum err err = OK;

	ASSERT(!cpu->loaded);
	/* Its timer's host interrupt is active for the loaded vCPU: there is nothing to
	 * deactivate. */
	cpu->vgic.bank.linked = 0;
	spin_lock(&virq->vgic.lock);
	if (!virq->vgic.cpus[vcpu->index])
		err = vgic_attach(&virq->vgic, vcpu->index, &cpu->vgic);
	else
		vgic_cpu_reset(&virq->vgic, &cpu->vgic);
	ASSERT(err == OK);
	virq_release(&virq->vgic, &cpu->vgic);
	spin_unlock(&virq->vgic.lock);
	cpu->doorbell = virq_hw.v3 ? gicv3_sgi_target[vcpu->thread.cpu] | SGI_KICK << 24 : 0;
	cpu->vmcr = 0;
	memset(cpu->apr, 0, sizeof(cpu->apr));
}

static bool is_on(const struct vcpu *vcpu)
{
	u32 state = atomic_load(&vcpu->thread.state);

	return state == VCPU_READY || state == VCPU_RUNNING || state == VCPU_PAUSED;
}

__cold void virq_vcpu_off(struct vcpu *vcpu)
{
	const struct guest *guest = vcpu->guest;

	for (u32 i = 0; i < guest->num_vcpus; i++) {
		if (!is_on(guest->vcpus[i]))
			continue;
		irq_move_all(guest, vcpu->thread.cpu, guest->vcpus[i]->thread.cpu);
		break;
	}
	virq_vcpu_reset(vcpu);
}

void virq_load(struct vcpu *vcpu)
{
	struct arm64_virq_cpu *cpu = &vcpu->arch.virq;

	/* The physical interrupt's active state is this vCPU's, or its timer would fire again. */
	if (virq_holds_vtimer(vcpu))
		gic->set_active(virq_hw.vtimer, true);
	interface_restore(cpu);
	cpu->vgic.hcr_written = VGIC_HCR_EN;
	hw_hcr_write(cpu->vgic.hcr_written);
	cpu->loaded = true;
	atomic_fetch_or_explicit(&cpu->vgic.flags, VGIC_PRIVATE | VGIC_SHARED,
				 memory_order_relaxed);
}

void virq_put(struct vcpu *vcpu)
{
	struct arm64_virq_cpu *cpu = &vcpu->arch.virq;

	virq_sync(vcpu);
	cpu->vmcr = vmcr_read();
	aprs_save(cpu);
	hw_hcr_write(0);
	cpu->vgic.hcr_written = 0;
	cpu->loaded = false;
	if (virq_holds_vtimer(vcpu))
		gic->set_active(virq_hw.vtimer, false);
	/* virq_load() checks all interrupts: one that is posted until then wakes the vCPU. */
	atomic_store_explicit(&cpu->vgic.flags, 0, memory_order_relaxed);
}

bool virq_gicv_frame(hpa_t *base, u64 *bytes)
{
	if (virq_hw.v3)
		return false;
	*base = gicv2_gicv;
	*bytes = PAGE_SIZE;
	return true;
}
