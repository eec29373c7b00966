// The micro-kernel for AVX-512, 14 rows of two vectors at most, in assembly: it needs 31 of the 32
// registers at every point, and compilers spill some.
//
// Row r has its sums in registers r and 14 + r, the panel's row is in 28 and 29. Two rows of three
// are broadcast by each of their two multiply-adds: an instruction less than a broadcast of their
// own and a load more. So neither the decoders nor the load ports are the limit, also where another
// thread of the core takes a share of them.

/// Each row up to a count, as `f(kind, o, row, second register)`.
#define DTH_EACH_1(f, o) f(MEMORY, o, 0, 14)
#define DTH_EACH_2(f, o) DTH_EACH_1(f, o) f(SHARED, o, 1, 15)
#define DTH_EACH_3(f, o) DTH_EACH_2(f, o) f(MEMORY, o, 2, 16)
#define DTH_EACH_4(f, o) DTH_EACH_3(f, o) f(MEMORY, o, 3, 17)
#define DTH_EACH_5(f, o) DTH_EACH_4(f, o) f(SHARED, o, 4, 18)
#define DTH_EACH_6(f, o) DTH_EACH_5(f, o) f(MEMORY, o, 5, 19)
#define DTH_EACH_7(f, o) DTH_EACH_6(f, o) f(MEMORY, o, 6, 20)
#define DTH_EACH_8(f, o) DTH_EACH_7(f, o) f(SHARED, o, 7, 21)
#define DTH_EACH_9(f, o) DTH_EACH_8(f, o) f(MEMORY, o, 8, 22)
#define DTH_EACH_10(f, o) DTH_EACH_9(f, o) f(MEMORY, o, 9, 23)
#define DTH_EACH_11(f, o) DTH_EACH_10(f, o) f(SHARED, o, 10, 24)
#define DTH_EACH_12(f, o) DTH_EACH_11(f, o) f(MEMORY, o, 11, 25)
#define DTH_EACH_13(f, o) DTH_EACH_12(f, o) f(MEMORY, o, 12, 26)
#define DTH_EACH_14(f, o) DTH_EACH_13(f, o) f(SHARED, o, 13, 27)

#define DTH_LOAD(kind, o, r, s)               \
  "vmovups (%[from]), %%zmm" #r "\n\t"        \
  "vmovups 64(%[from]), %%zmm" #s "\n\t"      \
  "add %[from_stride], %[from]\n\t"
#define DTH_GATE(kind, o, r, s)                               \
  "vfmadd213ps (%[residual]), %%zmm28, %%zmm" #r "\n\t"       \
  "vfmadd213ps 64(%[residual]), %%zmm29, %%zmm" #s "\n\t"     \
  "add %[residual_stride], %[residual]\n\t"
#define DTH_STORE(kind, o, r, s)              \
  "vmovups %%zmm" #r ", (%[to])\n\t"          \
  "vmovups %%zmm" #s ", 64(%[to])\n\t"        \
  "add %[to_stride], %[to]\n\t"

#define DTH_ROW_STEP(kind, a, r, s) DTH_ROW_##kind(a, r, s)
#define DTH_ROW_MEMORY(a, r, s)                                            \
  "vfmadd231ps 4*" #r "(" a ")%{1to16%}, %%zmm28, %%zmm" #r "\n\t"         \
  "vfmadd231ps 4*" #r "(" a ")%{1to16%}, %%zmm29, %%zmm" #s "\n\t"
#define DTH_ROW_SHARED(a, r, s)                        \
  "vbroadcastss 4*" #r "(" a "), %%zmm30\n\t"          \
  "vfmadd231ps %%zmm28, %%zmm30, %%zmm" #r "\n\t"      \
  "vfmadd231ps %%zmm29, %%zmm30, %%zmm" #s "\n\t"

/// A step along k: the packed rows at register `a`, the panel's row `o` behind register b. What the
/// eighth step from here will read of the rows, and the fourth of the panel, is asked for.
#define DTH_STEP_OF(count, a, o)                      \
  "vmovups 128*" #o "(%[b]), %%zmm28\n\t"             \
  "vmovups 64+128*" #o "(%[b]), %%zmm29\n\t"          \
  "prefetcht0 512+128*" #o "(%[b])\n\t"               \
  "prefetcht0 576+128*" #o "(%[b])\n\t"               \
  "prefetcht0 (" a ", %[a_stride], 4)\n\t"            \
  DTH_EACH_##count(DTH_ROW_STEP, a)

#define DTH_MULTIPLY(count)                                                                     \
  static void multiply_##count(const tile_product *of) {                                        \
    const float *a = of->a, *odd = of->a + of->a_stride, *b = of->b, *next = of->next;          \
    const float *from = of->from, *residual = of->residual;                                     \
    float *to = of->to;                                                                         \
    int64_t pairs = of->k / 2;                                                                  \
    __asm__ volatile(                                                                           \
        DTH_EACH_##count(DTH_LOAD, 0)                                                           \
        "test %[pairs], %[pairs]\n\t"                                                           \
        "jz 2f\n\t"                                                                             \
        ".p2align 5\n\t"                                                                        \
        "1:\n\t" DTH_STEP_OF(count, "%[a]", 0) DTH_STEP_OF(count, "%[odd]", 1)                  \
        "prefetcht1 (%[next])\n\t"                                                              \
        "add $64, %[next]\n\t"                                                                  \
        "add %[a_stride], %[a]\n\t"                                                             \
        "add %[a_stride], %[odd]\n\t"                                                           \
        "add $256, %[b]\n\t"                                                                    \
        "dec %[pairs]\n\t"                                                                      \
        "jnz 1b\n\t"                                                                            \
        "2: testb $1, %b[k]\n\t"                                                                 \
        "jz 3f\n\t" DTH_STEP_OF(count, "%[a]", 0)                                               \
        "3: test %[gate], %[gate]\n\t"                                                          \
        "jz 4f\n\t"                                                                             \
        "vmovups (%[gate]), %%zmm28\n\t"                                                        \
        "vmovups 64(%[gate]), %%zmm29\n\t" DTH_EACH_##count(DTH_GATE, 0)                        \
        "4:\n\t" DTH_EACH_##count(DTH_STORE, 0)                                                 \
        : [a] "+r"(a), [odd] "+r"(odd), [b] "+r"(b), [next] "+r"(next), [pairs] "+r"(pairs),    \
          [from] "+r"(from), [to] "+r"(to), [residual] "+r"(residual)                           \
        : [a_stride] "r"(of->a_stride * 8), [from_stride] "rm"(of->from_stride * 4),            \
          [to_stride] "rm"(of->to_stride * 4), [k] "rm"(of->k), [gate] "r"(of->gate),           \
          [residual_stride] "rm"(of->residual_stride * 4)                                       \
        : "cc", "memory", "zmm0", "zmm1", "zmm2", "zmm3", "zmm4", "zmm5", "zmm6", "zmm7",       \
          "zmm8", "zmm9", "zmm10", "zmm11", "zmm12", "zmm13", "zmm14", "zmm15", "zmm16",        \
          "zmm17", "zmm18", "zmm19", "zmm20", "zmm21", "zmm22", "zmm23", "zmm24", "zmm25",      \
          "zmm26", "zmm27", "zmm28", "zmm29", "zmm30");                                         \
  }

DTH_MULTIPLY(1)
DTH_MULTIPLY(2)
DTH_MULTIPLY(3)
DTH_MULTIPLY(4)
DTH_MULTIPLY(5)
DTH_MULTIPLY(6)
DTH_MULTIPLY(7)
DTH_MULTIPLY(8)
DTH_MULTIPLY(9)
DTH_MULTIPLY(10)
DTH_MULTIPLY(11)
DTH_MULTIPLY(12)
DTH_MULTIPLY(13)
DTH_MULTIPLY(14)
