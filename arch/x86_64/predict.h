/* SPDX-License-Identifier: Apache-2.0 */
/* Measures against leaks by speculation (predict.c). May be included from assembly. */
#ifndef X86_64_PREDICT_H
#define X86_64_PREDICT_H

/* Bits of predict_at_entry, which entries and exits in assembly read. */
#define PREDICT_RETURNS 1 /* after an exit, the return stack is filled before the first RET */
#define PREDICT_CLEAR   2 /* before an entry, VERW of predict_selector clears the CPU's buffers */

#ifndef __ASSEMBLER__
#include <mullion/types.h>

struct cpu;
struct guest;

extern u8 predict_at_entry;

/** predict_init() - choose the measures. Boot CPU, before predict_init_cpu(). */
void predict_init(void);
/** predict_init_cpu() - those that are set once on each CPU. */
void predict_init_cpu(void);
/** predict_warn() - the log says what this CPU leaves open. For the first guest. */
void predict_warn(void);
/** predict_command() - a guest writes @value to IA32_PRED_CMD. Returns false if it gets #GP. */
bool predict_command(u64 value);
/** predict_barrier() - @next is about to run on @cpu, this CPU, where another guest may have. */
void predict_barrier(struct cpu *cpu, const struct guest *next);

#endif
#endif
