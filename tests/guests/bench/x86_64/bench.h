/* SPDX-License-Identifier: Apache-2.0 */
/* Constants that C and assembly of the benchmark guest of x86-64 share. */
#ifndef BENCH_X86_64_H
#define BENCH_X86_64_H

#define GDT_CODE32 0x08
#define GDT_DATA   0x10
#define GDT_CODE64 0x18

#define MSR_EOI 0x80b
#define MSR_ICR 0x830

#define VECTOR_IPI  0x41
#define VECTOR_PONG 0x42

#endif
