/*
 * The frame of the benchmark: settings, clocks, paired rounds, figures.
 *
 * Every ratio is Tern's time by plain SQLite's, both run in this process, one right after the
 * other, in turn first and second; a figure is the median of the rounds' ratios. A failure of
 * anything ends the program: a benchmark of something broken is worth nothing.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tern/error.h"

enum { BENCH_ROUNDS_MAX = 99 };

struct bench_settings {
    const char *folder;  /* on a real file system; made and emptied by the program */
    const char *schema;  /* file name of the schema document */
    const char *server;  /* file name of ternd */
    const char *tls;     /* folder with ca.pem, server.pem and server.key */
    const char *library; /* file name of libtern.so */
    const char *json;    /* where the figures go as JSON; NULL: nowhere */
    const char *only;    /* groups to run, with commas between; NULL: all */
    size_t rounds;
    double scale; /* sizes are multiplied by it: the smoke test runs tiny */
};

/* As the command line set them; valid once main has read it. */
extern struct bench_settings bench_settings;

/* ---- Failure: check.c ---- */

/* Ends the program, naming `what`, unless `ok`. */
void bench_check(bool ok, const char *what);
/* Ends the program, with the error's sentence, unless `status` is TERN_OK. */
void bench_ok(tern_status status, const tern_error *error, const char *what);
/* A zeroed block; freed with free. */
void *bench_alloc(size_t count, size_t size);

/* ---- Time and rounds: rounds.c ---- */

double bench_seconds(void);
/* CPU time of this process. */
double bench_cpu_seconds(void);
/* The wall clock, microseconds since 1970, never the same twice. */
int64_t bench_wall_us(void);
void bench_sleep_ms(unsigned ms);
/* `full` scaled, but at least `least`. */
size_t bench_size(size_t full, size_t least);

/* One side of a round: does the work once and returns the seconds that count. */
typedef double (*bench_side)(void *context, bool is_tern);
/* The median over the rounds of Tern's seconds by plain's. */
double bench_paired(size_t rounds, bench_side side, void *context);
/* Sorts the values. */
double bench_median(double *values, size_t count);

/* ---- Figures: figures.c ---- */

/* Prints `name value unit` and keeps it for the JSON. Names and units are static. */
void bench_figure(const char *name, double value, const char *unit);
/* A line that is no figure, on standard error. */
void bench_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Writes all figures so far. */
void bench_write_json(const char *path);

/* ---- Files: files.c ---- */

/* `folder`/`name` in one of eight static buffers. */
const char *bench_path(const char *name);
/* Removes the database and what SQLite keeps beside it; its lock file too. */
void bench_remove(const char *path);
/* Bytes of the file; 0 if there is none. */
uint64_t bench_file_bytes(const char *path);
/* The whole file, NUL-terminated; freed with free. */
char *bench_read_file(const char *path, size_t *ret_size);
/* Makes the folder, with those above it. */
void bench_make_folder(const char *path);

/* ---- The heap of the whole process, libraries included: heap.c ---- */

/* Whether it can be counted in this build (not under a sanitizer). */
bool bench_heap_is_counted(void);
/* Bytes allocated now. */
uint64_t bench_heap_bytes(void);
/* Forgets the peak, so that it counts from now. */
void bench_heap_restart(void);
uint64_t bench_heap_peak(void);

/* ---- The groups, in the order of the figures ---- */

void bench_writes(void);       /* write_bulk_x, update_bulk_x, write_single_x */
void bench_scan(void);         /* scan_x */
void bench_apply(void);        /* apply_x, apply_one_x */
void bench_apply_last(void);   /* apply_last_x */
void bench_first_sync(void);   /* first_sync_*, sync_stall_ms */
void bench_push(void);         /* push_* */
void bench_file(void);         /* file_x, file_trimmed_x */
void bench_open(void);         /* open_ms_x */
void bench_medication(void);   /* dose_record_*, day_list_us, schedule_30d_ms, adherence_year_us */
void bench_server_push(void);  /* server_push_tx_per_s */
void bench_server_group(void); /* server_group_x, server_fsync_us */
void bench_server_pull(void);  /* server_pull_rows_per_s, server_cpu_us_per_row */
void bench_library(void);      /* lib_kib */

#endif
