/* SPDX-License-Identifier: Apache-2.0 */
/* Requirements of the core on VMX (SDM vol. 3, appendix A) and on SVM (APM vol. 2, 15.4). */
#include "arch/x86_64/pure/offers.h"

#define BASIC_TRUE   BIT(55)
#define BASIC_STRING BIT(54) /* an exit of INS or OUTS describes it */
#define EPT_LEVELS_4 BIT(6)
#define EPT_TYPE_WB  BIT(14)
#define EPT_PAGES_2M BIT(16)
#define EPT_INVEPT   (BIT(20) | BIT(26)) /* of all contexts */

static const char no_xsave[] = "the CPU has no XSAVE: use a newer CPU";

const char *offers_vmx_missing(const struct offers_vmx *cpu)
{
	if ((cpu->features & F1_VMX) == 0)
		return "the CPU has no VMX: use a CPU with VT-x, or another model of the emulator";
	if ((cpu->control & CONTROL_LOCKED) != 0 && (cpu->control & CONTROL_VMX) == 0)
		return "the firmware has switched VMX off: enable it in the firmware's set-up";
	if ((cpu->features & F1_XSAVE) == 0)
		return no_xsave;
	if ((~cpu->basic & (BASIC_TRUE | BASIC_STRING)) != 0)
		return "VMX is of the first generation: use a newer CPU";
	return NULL;
}

const char *offers_controls_missing(const struct entry_caps *caps)
{
	u64 ept = EPT_LEVELS_4 | EPT_TYPE_WB | EPT_PAGES_2M | EPT_INVEPT;

	if (!offers_controls(caps->secondary, SECONDARY_EPT) || (caps->ept_vpid & ept) != ept)
		return "VMX has no extended page tables of 4 levels with 2 MiB pages: use a newer "
		       "CPU";
	if (!offers_controls(caps->secondary, SECONDARY_UNRESTRICTED))
		return "VMX has no unrestricted guests: use a newer CPU";
	if (!offers_controls(caps->secondary, SECONDARY_VPID))
		return "VMX has no identifiers of virtual processors (VPID): use a newer CPU";
	if (!offers_controls(caps->pin, NEED_PIN))
		return "VMX has no virtual NMIs: use a newer CPU";
	if (!offers_controls(caps->primary, NEED_PRIMARY | NEED_WINDOWS) ||
	    (caps->primary & (PRIMARY_CR3_LOAD | PRIMARY_CR3_STORE)) != 0)
		return "VMX lacks a control of execution that the core needs: use a newer CPU";
	if (!offers_controls(caps->exit, NEED_EXIT) ||
	    !offers_controls(caps->entry, NEED_ENTRY | ENTER_IA32E))
		return "VMX does not switch PAT and EFER: use a newer CPU";
	return NULL;
}

const char *offers_svm_missing(const struct offers_svm *cpu)
{
	if ((cpu->extended_ecx & E1_SVM) == 0)
		return "the CPU has no SVM: use a CPU with AMD-V, or give the emulator -cpu "
		       "max,+svm";
	if ((cpu->vm_cr & VM_CR_SVMDIS) != 0)
		return "the firmware has switched SVM off: enable it in the firmware's set-up";
	if ((cpu->svm_edx & SVM_NPT) == 0)
		return "SVM has no nested paging: use a newer CPU, or give the emulator -cpu "
		       "max,+npt";
	if ((cpu->extended_edx & E1_NX) == 0)
		return "the CPU has no NX, which the firmware may have switched off: enable it "
		       "there";
	if ((cpu->features & F1_XSAVE) == 0)
		return no_xsave;
	return NULL;
}
