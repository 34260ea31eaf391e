/* Class scores against labels: softmax cross-entropy, its derivative and decisions in one go, for any memory order of
   trials and steps. What precedes is engine.h, IGNORED (the label that nobody looks at) and SHARE (rows that are added up
   together, whatever the number of threads). */
#define STRIP 64 /* rows of scores that are turned together, so that a vector holds one class of several rows */

typedef struct {
  const real *scores;
  const int64_t *targets, *truth; /* (trial, step) */
  const double *weights;          /* of classes, or NULL */
  real *slopes;                   /* (step, trial, class) or NULL */
  double *sums;                   /* of each share: loss, right decisions, decisions */
  long trials, steps, classes, by_trial, by_step, threads;
  double scale, factor;
} Judged;

#ifdef DOUBLE
LANES(log_of, log)
#else
LANES(log_of, logf)
#endif

typedef struct { long row, trial, step; } Place;
INLINE void next_row(const Judged *a, Place *p) {
  p->row++;
  if (++p->trial == a->trials) p->trial = 0, p->step++;
}

typedef struct { vf loss; vm right, decided, odd; } Sums; /* truths count as -1 */
/* One vector of rows: scores become slopes. */
INLINE void judge(const Judged *a, real *x, const whole *target, const whole *truth, Sums *sums) {
  vf top = LD(x);
  vm at = {};
  for (long c = 1; c < a->classes; c++) { /* the first of the largest; NaN is larger than any */
    vf v = LD(x + c * STRIP);
    vm above = (v > top) | ((v != v) & (top == top));
    top = SELECT(above, v, top);
    at = SELECT_TRUTH(above, (whole)c - (vm){}, at);
  }
  vm label = *(const vm *)target, known = *(const vm *)truth;
  vm kept = label != IGNORED;
  vf all = K(0.0), own = K(0.0), weight = a->weights ? K(0.0) : K(1.0), scale = K(a->scale);
  for (long c = 0; c < a->classes; c++) {
    vm is = label == (whole)c;
    vf z = scale * (LD(x + c * STRIP) - top), e = f_exp(z);
    all += e;
    own += WHEN(is, z);
    if (a->weights) weight += WHEN(is, K(a->weights[c]));
    ST(x + c * STRIP, e);
  }
  vm decided = known != IGNORED;
  sums->loss += WHEN(kept, weight * (log_of(all) - own));
  sums->decided += decided;
  sums->right += decided & (at == known);
  sums->odd |= kept & ((label < 0) | (label >= (whole)a->classes));
  if (a->slopes) {
    vf factor = WHEN(kept, weight * scale * K(a->factor)), each = factor / all; /* NaN stays NaN */
    for (long c = 0; c < a->classes; c++)
      ST(x + c * STRIP, LD(x + c * STRIP) * each - WHEN(label == (whole)c, factor));
  }
}

static int judge_share(const Judged *a, Place p, long rows, real *x, double *sum) {
  Sums sums = {};
  whole target[STRIP] __attribute__((aligned(64))), truth[STRIP] __attribute__((aligned(64)));
  for (long n; rows > 0; rows -= n) {
    n = rows < STRIP ? rows : STRIP;
    Place first = p;
    for (long k = 0; k < n; k++, next_row(a, &p)) {
      const real *from = a->scores + p.trial * a->by_trial + p.step * a->by_step;
      for (long c = 0; c < a->classes; c++) x[c * STRIP + k] = from[c];
      target[k] = (whole)a->targets[p.trial * a->steps + p.step];
      truth[k] = (whole)a->truth[p.trial * a->steps + p.step];
    }
    for (long k = n; k < STRIP; k++) target[k] = truth[k] = IGNORED;
    for (size_t u = 0; u < STRIP; u += VL) judge(a, x + u, target + u, truth + u, &sums);
    if (!a->slopes) continue;
    real *to = a->slopes + first.row * a->classes;
    for (long k = 0; k < n; k++, to += a->classes)
      for (long c = 0; c < a->classes; c++) to[c] = x[c * STRIP + k];
  }
  int odd = 0;
  for (size_t k = 0; k < VL; k++)
    sum[0] += sums.loss[k], sum[1] -= sums.right[k], sum[2] -= sums.decided[k], odd |= sums.odd[k] != 0;
  return odd;
}

/* 1: no memory; 2: a label is no class */
int judge_all(const Judged *a) {
  const long rows = a->trials * a->steps, shares = UP(rows, SHARE) / SHARE;
  int failed = 0;
#pragma omp parallel for num_threads(a->threads) schedule(static) reduction(| : failed)
  for (long q = 0; q < shares; q++) {
    const long row = q * SHARE, n = rows - row < SHARE ? rows - row : SHARE;
    real *x = space(a->classes * STRIP * sizeof(real));
    if (x) failed |= 2 * judge_share(a, (Place){row, row % a->trials, row / a->trials}, n, x, a->sums + 3 * q);
    else failed |= 1;
    free(x);
  }
  return failed;
}
