/* What every generated engine uses: vectors, functions on them, spikes as events, and how they reach their targets.

   The generated part before this file defines DOUBLE or not, and EVENT, the type of a neuron's number. Arrays of a group
   hold trial after trial, neuron after neuron, and are padded, so that the last vector may spill. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef DOUBLE
typedef double real;
typedef int64_t whole;
#else
typedef float real;
typedef int32_t whole;
#endif
#if defined(__AVX512F__)
#define VB 64
#define ROWS 8 /* of a tile of a product, by the number of vector registers */
#define COLUMNS 3
#elif defined(__AVX2__)
#define VB 32
#define ROWS 4
#define COLUMNS 3
#else
#define VB 16
#define ROWS 4
#define COLUMNS 4
#endif
#define VL ((size_t)(VB / sizeof(real)))
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))
#define UNROLL _Pragma("GCC unroll 16")
#define AHEAD 2 /* steps for which memory is fetched beforehand */
#define UP(n, m) (((n) + (m)-1) / (m) * (m))

/* A step rounds every operation, as its statements do; its adjoint need not. */
#if defined(__clang__)
#define EXACT
#define EXACTLY _Pragma("clang fp contract(off)")
#else
#define EXACT __attribute__((optimize("fp-contract=off")))
#define EXACTLY
#endif

typedef real vf __attribute__((vector_size(VB)));
typedef whole vm __attribute__((vector_size(VB))); /* truth: all bits, or none */
typedef real vfu __attribute__((vector_size(VB), aligned(sizeof(real)), may_alias));
typedef int8_t vb __attribute__((vector_size(VB / sizeof(real)), may_alias));
typedef int8_t vbu __attribute__((vector_size(VB / sizeof(real)), aligned(1), may_alias));
#define LD(p) ((vf) * (const vfu *)(p))
#define ST(p, x) (*(vfu *)(p) = (x))
/* A store of a whole vector, past the caches: of what no step reads again. GCC knows it by processor, clang by name. */
#ifndef __has_builtin
#define __has_builtin(name) 0
#endif
typedef long long vn __attribute__((vector_size(VB), may_alias));
#if __has_builtin(__builtin_nontemporal_store)
#define ST_PAST(p, x) __builtin_nontemporal_store((vn)(x), (vn *)(p))
#elif VB == 64 && defined(__AVX512F__)
#define ST_PAST(p, x) __builtin_ia32_movntdq512((vn *)(p), (vn)(x))
#elif VB == 32 && defined(__AVX__)
#define ST_PAST(p, x) __builtin_ia32_movntdq256((vn *)(p), (vn)(x))
#elif VB == 16 && defined(__SSE2__)
#define ST_PAST(p, x) __builtin_ia32_movntdq((vn *)(p), (vn)(x))
#else
#define ST_PAST(p, x) (*(vn *)(p) = (vn)(x))
#endif
#define PUT(p, x, past) { if (past) ST_PAST(p, x); else ST(p, x); }
/* whether such a store can reach rows that lie `apart` */
INLINE int in_lines(const void *p, size_t apart) { return ((uintptr_t)p | apart * sizeof(real)) % VB == 0; }
INLINE void all_stored(void) {
#if defined(__SSE2__)
  __builtin_ia32_sfence();
#endif
}
#define K(x) ((real)(x) - (vf){}) /* -0.0 stays */
#define SELECT(m, a, b) ((vf)(((m) & (vm)(a)) | (~(m) & (vm)(b))))
#define SELECT_TRUTH(m, a, b) (((m) & (a)) | (~(m) & (b)))
#define WHEN(m, a) ((vf)((m) & (vm)(a)))

INLINE vm load_truth(const uint8_t *p) { return __builtin_convertvector((vb) * (const vbu *)p, vm); }
INLINE void store_truth(uint8_t *p, vm m) { *(vbu *)p = __builtin_convertvector(m, vb); }

/* ---------------------------------------------------------------- functions */
#ifdef DOUBLE
#define EXP_LOW (-708.3)
#define EXP_HIGH 709.7
#define EXP_BIAS 1023
#define EXP_SHIFT 52
#define TO_WHOLE 6755399441055744.0
#define LN2_HIGH 6.93145751953125e-1
#define LN2_LOW 1.42860682030941723212e-6
/* exp(f) - 1 for abs(f) <= ln(2)/2, within 2 units of the last place */
INLINE vf exp_part(vf f) {
  vf p = K(1.0 / 6227020800.0);
  p = p * f + K(1.0 / 479001600.0);
  p = p * f + K(1.0 / 39916800.0);
  p = p * f + K(1.0 / 3628800.0);
  p = p * f + K(1.0 / 362880.0);
  p = p * f + K(1.0 / 40320.0);
  p = p * f + K(1.0 / 5040.0);
  p = p * f + K(1.0 / 720.0);
  p = p * f + K(1.0 / 120.0);
  p = p * f + K(1.0 / 24.0);
  p = p * f + K(1.0 / 6.0);
  p = p * f + K(0.5);
  return p * f * f + f;
}
#else
#define EXP_LOW (-87.3f)
#define EXP_HIGH 88.7f
#define EXP_BIAS 127
#define EXP_SHIFT 23
#define TO_WHOLE 12582912.0f
#define LN2_HIGH 0.693359375f
#define LN2_LOW (-2.12194440e-4f)
/* the same, relative error below 3e-7 */
INLINE vf exp_part(vf f) {
  vf p = f * K(1.3981999507e-3f) + K(8.3334519073e-3f);
  p = p * f + K(4.1665795894e-2f);
  p = p * f + K(1.6666665459e-1f);
  p = p * f + K(5.0000001201e-1f);
  return p * f * f + f;
}
#endif
/* the whole number of doublings in exp(x) */
INLINE vf doublings(vf x) { return (x * K(1.4426950408889634) + K(TO_WHOLE)) - K(TO_WHOLE); }
/* 2 to the power of n */
INLINE vf doubled(vf n) { return (vf)((__builtin_convertvector(n, vm) + EXP_BIAS) << EXP_SHIFT); }
/* what n doublings leave of x */
INLINE vf rest_of(vf x, vf n) { return (x - n * K(LN2_HIGH)) - n * K(LN2_LOW); }
/* exp(x) where it is a normal number, which n doublings make */
INLINE vf exp_normal(vf x, vf n) { return (exp_part(rest_of(x, n)) + K(1.0)) * doubled(n); }
/* exp(x) */
INLINE vf f_exp(vf x) {
  vm low = x < K(EXP_LOW), high = x > K(EXP_HIGH);
  vf z = SELECT(low | high | (x != x), K(0.0), x), n = doublings(z);
  vf y = exp_normal(z, SELECT(n > K(EXP_BIAS), K(EXP_BIAS), n));
  y = SELECT(low, K(0.0), SELECT(high, K(INFINITY), y));
  return SELECT(x == x, y, x);
}
/* exp(x) - 1, without loss next to 0 */
INLINE vf f_expm1(vf x) {
  vm low = x < K(EXP_LOW), high = x > K(EXP_HIGH);
  vf z = SELECT(low | high | (x != x), K(0.0), x), n = doublings(z);
  n = SELECT(n > K(EXP_BIAS), K(EXP_BIAS), n);
  vf scale = doubled(n), y = exp_part(rest_of(z, n)) * scale + (scale - K(1.0));
  y = SELECT(low, K(-1.0), SELECT(high, K(INFINITY), y));
  return SELECT((x == x) & (x != K(0.0)), y, x);
}
/* (exp(x) - 1)/x */
INLINE vf f_exprel(vf x) {
  vm none = x == K(0.0);
  return SELECT(none, K(1.0), f_expm1(x) / SELECT(none, K(1.0), x));
}
/* its derivative: the sum of (k + 1)/(k + 2)! x^k next to 0 */
INLINE vf f_exprel_slope(vf x) {
  vm near = (x > K(-0.5)) & (x < K(0.5));
  vf p = K(1.0 / 6706022400.0), z = SELECT(near, K(1.0), x);
  p = p * x + K(1.0 / 518918400.0);
  p = p * x + K(1.0 / 43545600.0);
  p = p * x + K(1.0 / 3991680.0);
  p = p * x + K(1.0 / 403200.0);
  p = p * x + K(1.0 / 45360.0);
  p = p * x + K(1.0 / 5760.0);
  p = p * x + K(1.0 / 840.0);
  p = p * x + K(1.0 / 144.0);
  p = p * x + K(1.0 / 30.0);
  p = p * x + K(1.0 / 8.0);
  p = p * x + K(1.0 / 3.0);
  p = p * x + K(0.5);
  return SELECT(near, p, (f_exp(x) - f_exprel(x)) / z);
}
/* exp(x) of what is not above 0: of surrogates */
INLINE vf f_exp_fall(vf x) {
  vm low = x < K(EXP_LOW);
  x = SELECT(low, K(EXP_LOW), x);
  return WHEN(~low, exp_normal(x, doublings(x)));
}
#define LANES(name, call)                                  \
  INLINE vf name(vf x) {                                   \
    vf y;                                                  \
    for (size_t k = 0; k < VL; k++) y[k] = (real)call(x[k]); \
    return y;                                              \
  }
LANES(f_log, log)
LANES(f_log10, log10)
LANES(f_log1p, log1p)
LANES(f_sin, sin)
LANES(f_cos, cos)
LANES(f_tan, tan)
LANES(f_sinh, sinh)
LANES(f_cosh, cosh)
LANES(f_tanh, tanh)
LANES(f_arcsin, asin)
LANES(f_arccos, acos)
LANES(f_arctan, atan)
LANES(f_floor, floor)
LANES(f_ceil, ceil)
#ifdef DOUBLE
LANES(f_sqrt, sqrt)
#else
LANES(f_sqrt, sqrtf)
#endif
INLINE vf f_abs(vf x) { return (vf)((vm)x & ~(vm)K(-0.0)); }
INLINE vf f_sign(vf x) { return WHEN(x > K(0.0), K(1.0)) - WHEN(x < K(0.0), K(1.0)); }
INLINE vf v_min(vf a, vf b) { return SELECT(b < a, b, a); } /* NaN stays */
INLINE vf v_max(vf a, vf b) { return SELECT(b > a, b, a); }
INLINE vf v_pow(vf a, vf b) {
  vf y;
  for (size_t k = 0; k < VL; k++) y[k] = (real)pow(a[k], b[k]);
  return y;
}
/* numpy's remainder, with the sign of the divisor, and the quotient that goes with it */
static double remainder_(double a, double b) {
  double m = fmod(a, b);
  return m == 0 ? copysign(0.0, b) : (m < 0) != (b < 0) ? m + b : m;
}
static double quotient_(double a, double b) {
  if (b == 0) return a / b;
  double q = (a - remainder_(a, b)) / b, f = floor(q);
  return q == 0 ? copysign(0.0, a / b) : q - f > 0.5 ? f + 1 : f;
}
INLINE vf v_mod(vf a, vf b) {
  vf y;
  for (size_t k = 0; k < VL; k++) y[k] = (real)remainder_(a[k], b[k]);
  return y;
}
INLINE vf v_floordiv(vf a, vf b) {
  vf y;
  for (size_t k = 0; k < VL; k++) y[k] = (real)quotient_(a[k], b[k]);
  return y;
}

/* ---------------------------------------------------------------- memory */
/* with any contents, and with zeros */
static void *room(size_t bytes) { return aligned_alloc(64, UP(bytes + 4096, 64)); }
static void *space(size_t bytes) {
  void *p = room(bytes);
  return p ? memset(p, 0, UP(bytes + 4096, 64)) : NULL;
}
/* rows of w reals, padded to whole vectors with -0.0: x + -0.0 is x */
static real *pad_rows(const real *w, size_t rows, size_t columns) {
  size_t padded = UP(columns, VL);
  real *p = room(rows * padded * sizeof(real));
  for (size_t i = 0; p && i < rows; i++) {
    memcpy(p + i * padded, w + i * columns, columns * sizeof(real));
    for (size_t j = columns; j < padded; j++) p[i * padded + j] = (real)-0.0;
  }
  return p;
}
/* the transpose, in panels of COLUMNS vectors: q[k][m] = w[m][k] */
static real *panels(const real *w, size_t rows, size_t columns, long threads) {
  const size_t padded = UP(rows, VL), width = COLUMNS * VL;
  real *all = room(columns * padded * sizeof(real));
  if (!all) return NULL;
  (void)threads;
#pragma omp parallel for num_threads(threads)
  for (size_t m0 = 0; m0 < padded; m0 += width) {
    const size_t wide = padded - m0 < width ? padded - m0 : width;
    real *p = all + m0 * columns;
    for (size_t j = 0; j < wide; j++)
      for (size_t k = 0; k < columns; k++) p[k * wide + j] = m0 + j < rows ? w[(m0 + j) * columns + k] : 0;
  }
  return all;
}
/* coefficients of N neurons, repeated over RN */
static real *repeat(const real *c, size_t count, size_t n, size_t rn) {
  real *p = space((count + 1) * rn * sizeof(real));
  for (size_t k = 0; p && k < count; k++)
    for (size_t r = 0; r < rn; r += n) memcpy(p + k * rn + r, c + k * n, n * sizeof(real));
  return p;
}

/* ---------------------------------------------------------------- events */
/* The events of a space: those of a step are `list + start[step]`, trial after trial, `count` of each. A pass that is
   not kept has room for the last `ring` steps only. */
typedef struct {
  EVENT *list, *count;
  size_t *start;
  long ring;
  int keep;
} Events;
INLINE EVENT *events_at(const Events *e, long t) { return e->list + e->start[t % e->ring]; }
INLINE EVENT *counts_at(const Events *e, long t, size_t trials) { return e->count + (t % e->ring) * trials; }

/* The truth values of eight neurons as eight bits. */
INLINE uint64_t bits(const uint8_t *truth, size_t n) {
  uint64_t w = 0;
  memcpy(&w, truth, n);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  w = __builtin_bswap64(w);
#endif
  return ((w & 0x0101010101010101ull) * 0x0102040810204080ull) >> 56;
}
/* Events of n neurons in each trial from their truth values, `rows` apart; `last` (or NULL) gets the step of each. One
   loop for 64 neurons: a processor foresees its end once, not that of one for every eight. */
INLINE EVENT *scan(size_t n, size_t trials, const uint8_t *truth, size_t rows, EVENT *o, EVENT *count, int32_t *last,
                   long now) {
  for (size_t b = 0; b < trials; b++, truth += rows) {
    EVENT *first = o;
    for (size_t from = 0; from < n; from += 64) {
      const size_t to = n - from < 64 ? n : from + 64;
      uint64_t m = 0;
      size_t i = from;
      for (; i + 8 <= to; i += 8) m |= bits(truth + i, 8) << (i - from);
      if (i < to) m |= bits(truth + i, to - i) << (i - from);
      for (; m; m &= m - 1) {
        const size_t k = from + (size_t)__builtin_ctzll(m);
        *o++ = (EVENT)k;
        if (last) last[b * n + k] = (int32_t)now;
      }
    }
    count[b] = (EVENT)(o - first);
  }
  return o;
}
/* Take the events of step t in. */
INLINE void emit(Events *e, long t, size_t n, size_t trials, const uint8_t *truth, int32_t *last) {
  EVENT *end = scan(n, trials, truth, n, events_at(e, t), counts_at(e, t, trials), last, t);
  if (e->keep && t + 1 < e->ring) e->start[t + 1] = (size_t)(end - e->list);
}
/* The truth values of a step, from its events. */
INLINE void truths(const Events *e, long t, size_t n, size_t trials, uint8_t *truth) {
  memset(truth, 0, n * trials);
  const EVENT *p = events_at(e, t), *c = counts_at(e, t, trials);
  for (size_t b = 0; b < trials; b++)
    for (size_t k = 0; k < c[b]; k++) truth[b * n + *p++] = 0xff;
}

/* Kept events as 0 and 1, (trial, step, neuron). */
void unfold(const EVENT *list, const EVENT *count, long steps, long trials, long block, long n, long threads, real *to) {
  const long blocks = (trials + block - 1) / block;
  (void)threads;
#pragma omp parallel for num_threads(threads) schedule(dynamic)
  for (long q = 0; q < blocks; q++) {
    const long q0 = q * block, nb = trials - q0 < block ? trials - q0 : block;
    const EVENT *e = list + q0 * n * steps, *c = count + q0 * steps;
    memset(to + q0 * steps * n, 0, nb * steps * n * sizeof(real));
    for (long t = 0; t < steps; t++)
      for (long b = 0; b < nb; b++, c++) {
        real *row = to + ((q0 + b) * steps + t) * n;
        for (size_t k = 0; k < *c; k++) row[*e++] = 1;
      }
  }
}

/* ---------------------------------------------------------------- delivery */
#define ADD_ROWS(count)                                                      \
  {                                                                          \
    vf r[count];                                                             \
    UNROLL for (size_t u = 0; u < count; u++) r[u] = LD(y + j + u * VL);     \
    for (size_t k = 0; k < c; k++) {                                         \
      const real *row = w + (size_t)e[k] * padded + j;                       \
      UNROLL for (size_t u = 0; u < count; u++) r[u] += LD(row + u * VL);    \
    }                                                                        \
    UNROLL for (size_t u = 0; u < count; u++) ST(y + j + u * VL, r[u]);      \
    j += count * VL;                                                         \
  }
/* y[b] += the rows of its events, one after the other; what a row spills is -0.0 */
INLINE void add_rows(size_t trials, size_t n, real *y, const real *w, const EVENT *e, const EVENT *count) {
  size_t padded = UP(n, VL);
  for (size_t b = 0; b < trials; e += count[b], b++, y += n) {
    size_t c = count[b], j = 0;
    if (!c) continue;
    while (padded - j >= 8 * VL) ADD_ROWS(8)
    if (padded - j >= 4 * VL) ADD_ROWS(4)
    if (padded - j >= 3 * VL) ADD_ROWS(3)
    if (padded - j >= 2 * VL) ADD_ROWS(2)
    if (padded - j >= VL) ADD_ROWS(1)
  }
}
/* the same for synapses in compressed rows */
INLINE void add_synapses(size_t trials, size_t n, real *y, const real *w, const int32_t *first, const int32_t *target,
                         const EVENT *e, const EVENT *count) {
  for (size_t b = 0; b < trials; b++, y += n)
    for (size_t k = 0; k < count[b]; k++, e++)
      for (int32_t s = first[*e]; s < first[*e + 1]; s++) y[target[s]] += w[s];
}
/* y[b] = the sum over i of x[b][i] times row i, products rounded before they are added */
static NOINLINE EXACT void multiply_rows(size_t trials, size_t inputs, size_t n, real *y, const real *x, const real *w) {
  EXACTLY
  size_t padded = UP(n, VL);
  for (size_t b = 0; b < trials; b++, y += n, x += inputs)
    for (size_t j = 0; j < padded; j += VL) {
      vf r = K(0.0);
      for (size_t i = 0; i < inputs; i++) r += K(x[i]) * LD(w + i * padded + j);
      if (b + 1 < trials || j + VL <= n) ST(y + j, r);
      else for (size_t l = 0; l + j < n; l++) y[j + l] = r[l];
    }
}
/* What lies behind the last trial takes part in the sums of derivatives, with derivatives of 0: it must be numbers. */
INLINE void fill_up(size_t n, size_t padded, size_t size, real *y) {
  for (; n < padded; n += size) memcpy(y + n, y, size * sizeof(real));
}
/* where a mask is 0, the values before */
INLINE void restore(size_t n, real *y, const real *before, const real *mask) {
  for (size_t i = 0; i < n; i += VL) ST(y + i, SELECT(LD(mask + i) != K(0.0), LD(y + i), LD(before + i)));
}
INLINE void take_masked(size_t n, real *to, const real *from, const real *mask) {
  for (size_t i = 0; i < n; i += VL) ST(to + i, WHEN(LD(mask + i) != K(0.0), LD(from + i)));
}

/* ---------------------------------------------------------------- adjoint of a delivery */
/* c[0:m)[0:r vectors) += a[0:m)[0:k) p, rows of a and c lda and ldc apart */
#define TILE(m, r)                                                                                            \
  static void tile##m##_##r(size_t inner, size_t lda, size_t ldc, const real *restrict a, const real *restrict p, \
                            real *restrict c) {                                                               \
    vf s[m][r];                                                                                               \
    UNROLL for (size_t i = 0; i < m; i++) UNROLL for (size_t j = 0; j < r; j++) s[i][j] = LD(c + i * ldc + j * VL); \
    for (size_t k = 0; k < inner; k++) {                                                                      \
      vf b[r];                                                                                                \
      UNROLL for (size_t j = 0; j < r; j++) b[j] = LD(p + (k * r + j) * VL);                                  \
      UNROLL for (size_t i = 0; i < m; i++) {                                                                 \
        vf x = K(a[i * lda + k]);                                                                             \
        UNROLL for (size_t j = 0; j < r; j++) s[i][j] += x * b[j];                                            \
      }                                                                                                       \
    }                                                                                                         \
    UNROLL for (size_t i = 0; i < m; i++) UNROLL for (size_t j = 0; j < r; j++) ST(c + i * ldc + j * VL, s[i][j]); \
  }
typedef void (*Tile)(size_t, size_t, size_t, const real *restrict, const real *restrict, real *restrict);
#if ROWS == 8
TILE(8, 1) TILE(8, 2) TILE(8, 3) TILE(1, 1) TILE(1, 2) TILE(1, 3)
static const Tile MANY[] = {0, tile8_1, tile8_2, tile8_3}, ONE[] = {0, tile1_1, tile1_2, tile1_3};
#elif COLUMNS == 3
TILE(4, 1) TILE(4, 2) TILE(4, 3) TILE(1, 1) TILE(1, 2) TILE(1, 3)
static const Tile MANY[] = {0, tile4_1, tile4_2, tile4_3}, ONE[] = {0, tile1_1, tile1_2, tile1_3};
#else
TILE(4, 1) TILE(4, 2) TILE(4, 3) TILE(4, 4) TILE(1, 1) TILE(1, 2) TILE(1, 3) TILE(1, 4)
static const Tile MANY[] = {0, tile4_1, tile4_2, tile4_3, tile4_4}, ONE[] = {0, tile1_1, tile1_2, tile1_3, tile1_4};
#endif
/* c[0:trials)[0:rows) += a[0:trials)[0:columns) times the transpose in panels. A row spills zeros into the next one, so
   rows come in ascending order. */
INLINE void add_product(size_t trials, size_t rows, size_t columns, const real *a, const real *p, real *c) {
  size_t padded = UP(rows, VL);
  for (size_t m0 = 0; m0 < padded; m0 += COLUMNS * VL) {
    size_t wide = (padded - m0 < COLUMNS * VL ? padded - m0 : COLUMNS * VL) / VL;
    for (size_t i = 0; i < trials; i += trials - i >= ROWS ? ROWS : 1)
      (trials - i >= ROWS ? MANY : ONE)[wide](columns, columns, rows, a + i * columns, p + columns * m0, c + i * rows + m0);
  }
}
/* derivative by the spikes of the emitting neurons, compressed rows */
INLINE void add_transposed(size_t trials, size_t rows, size_t columns, const real *a, const real *w, const int32_t *first,
                           const int32_t *target, real *c) {
  for (size_t b = 0; b < trials; b++, a += columns, c += rows)
    for (size_t i = 0; i < rows; i++) {
      real sum = 0;
      for (int32_t s = first[i]; s < first[i + 1]; s++) sum += w[s] * a[target[s]];
      c[i] += sum;
    }
}
/* Where the derivatives of the targets lie for each event of an emitting neuron, in the order of time. */
typedef struct {
  uint32_t *place, *count;
  size_t most;
} Places;
INLINE void note(Places *p, const EVENT *e, const EVENT *count, size_t trials, size_t at, size_t n) {
  for (size_t b = 0; b < trials; b++, at += n)
    for (size_t k = 0; k < count[b]; k++, e++) p->place[(size_t)*e * p->most + p->count[*e]++] = (uint32_t)at;
}
#define GATHER(r)                                                                   \
  {                                                                                 \
    vf s[r];                                                                        \
    UNROLL for (size_t j = 0; j < r; j++) s[j] = LD(row + j * VL);                  \
    for (size_t k = 0; k < p->count[m]; k++) {                                      \
      const real *x = d + place[k] + j0;                                            \
      UNROLL for (size_t j = 0; j < r; j++) s[j] += LD(x + j * VL);                 \
    }                                                                               \
    UNROLL for (size_t j = 0; j < r; j++) ST(row + j * VL, s[j]);                   \
  }
/* derivative by the rows: for each event of a neuron, those of its targets */
INLINE void gather(const Places *p, size_t rows, size_t columns, const real *d, real *by) {
  size_t padded = UP(columns, VL);
  for (size_t j0 = 0; j0 < padded; j0 += 4 * VL) {
    size_t wide = (padded - j0) / VL;
    for (size_t m = 0; m < rows; m++) {
      if (!p->count[m]) continue;
      real *row = by + m * padded + j0;
      const uint32_t *place = p->place + m * p->most;
      if (wide >= 4) GATHER(4) else if (wide == 3) GATHER(3) else if (wide == 2) GATHER(2) else GATHER(1)
    }
  }
}
INLINE void gather_synapses(const Places *p, size_t rows, const real *d, const int32_t *first, const int32_t *target,
                            real *by) {
  for (size_t m = 0; m < rows; m++)
    for (size_t k = 0; k < p->count[m]; k++) {
      const real *x = d + p->place[m * p->most + k];
      for (int32_t s = first[m]; s < first[m + 1]; s++) by[s] += x[target[s]];
    }
}
/* derivative by the rows of a summed variable */
INLINE void add_outer(size_t trials, size_t rows, size_t columns, const real *x, const real *d, real *by) {
  size_t padded = UP(columns, VL);
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < padded; j += VL) {
      vf s = LD(by + i * padded + j);
      for (size_t b = 0; b < trials; b++) s += K(x[b * rows + i]) * LD(d + b * columns + j);
      ST(by + i * padded + j, s);
    }
}

/* a row of the sums of all parts, in their order; they are so many pointers apart, and the row begins at `from` */
INLINE void add_up(size_t n, real *to, real *const *parts, long count, long apart, size_t from) {
  memset(to, 0, n * sizeof(real));
  for (long p = 0; p < count; p++) {
    const real *part = parts[p * apart] + from;
    for (size_t k = 0; k < n; k++) to[k] += part[k];
  }
}

/* ---------------------------------------------------------------- what comes in */
/* which of the numbers that it copies are not finite; a library's routine for any length takes longer to begin than
   these lengths need */
INLINE vm copy_odd(size_t n, real *to, const real *from) {
  vm odd = {0};
  size_t i = 0;
  for (; i + VL <= n; i += VL) {
    vf x = LD(from + i);
    ST(to + i, x);
    odd |= x - x != K(0.0);
  }
  if (i < n && n >= VL) {
    vf x = LD(from + n - VL);
    ST(to + n - VL, x);
    odd |= x - x != K(0.0);
  } else for (; i < n; i++) {
    to[i] = from[i];
    odd[0] |= from[i] - from[i] != 0;
  }
  return odd;
}
INLINE void copy(size_t n, real *to, const real *from) { (void)copy_odd(n, to, from); }
/* states at the start: rows of the trials from q0 on, or one row for all */
INLINE void begin(size_t trials, size_t n, real *to, const real *from, int each, size_t q0) {
  for (size_t b = 0; b < trials; b++, to += n) copy(n, to, from + (each ? (q0 + b) * n : 0));
}
INLINE int any(vm m) {
  whole found = 0;
  for (size_t k = 0; k < VL; k++) found |= m[k];
  return found != 0;
}
/* rows of many trials are too many streams for a processor to foresee; into the second cache, whose misses hold up less */
INLINE void fetch(const real *p, size_t n) {
  for (size_t k = 0; k < n; k += 64 / sizeof(real)) __builtin_prefetch(p + k, 0, 2);
}
/* memory that a later step writes: a store that has to wait for its line holds up those after it */
INLINE void claim(const real *p, size_t n) {
  for (size_t k = 0; k < n; k += 64 / sizeof(real)) __builtin_prefetch(p + k, 1);
}
/* currents of a step, by trial and neuron; which are not finite, where each neuron takes its own column. So many rows
   ahead is what is fetched beforehand. */
INLINE vm load_current(size_t trials, size_t n, const real *table, size_t stride, size_t channels, long row, long ahead,
                       const int32_t *column, real *to) {
  vm odd = {0};
  for (size_t b = 0; b < trials; b++, table += stride, to += n) {
    const real *from = table + row * channels;
    if (ahead) fetch(from + ahead * (long)channels, channels < n ? channels : n);
    if (!column) odd |= copy_odd(n, to, from);
    else for (size_t i = 0; i < n; i++) to[i] = from[column[i]];
  }
  return odd;
}
INLINE void give_current(size_t trials, size_t n, real *table, size_t stride, size_t channels, long row,
                         const int32_t *column, const real *from) {
  for (size_t b = 0; b < trials; b++, table += stride, from += n) {
    real *to = table + row * channels;
    for (size_t i = 0; i < n; i++) to[column ? column[i] : i] += from[i];
  }
}
/* rows of n, some distance apart, one after the other */
INLINE void take_rows(size_t trials, size_t n, real *to, const real *from, long stride, long next) {
  for (size_t b = 0; b < trials; b++, to += n, from += stride) {
    fetch(from + AHEAD * next, n);
    copy(n, to, from);
  }
}
