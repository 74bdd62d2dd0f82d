/* What the files of one point share. */
#ifndef TERN_SIM_TORTURE_POINT_H
#define TERN_SIM_TORTURE_POINT_H

#include "sim/torture/torture.h"

/* ---- files.c ---- */

struct sim_disk *point_disk(struct sim_world *world, int machine);
int point_machine(struct sim_world *world, const struct torture_operation *operation);
/* What the operation may change: its machine's file, or of one of several machines both. */
void point_show(struct sim_world *world, int machine, char text[TORTURE_TEXT]);
/* What the server has of each table; one of these two. */
void point_show_server(struct sim_world *world, const char *sql, char text[TORTURE_TEXT]);
extern const char point_written_rows[];
extern const char point_row_counts[];
void point_fail_odd(struct sim_world *world, const char *check, const char *is, const char *due);

/* ---- strike.c ---- */

/* Whether the fault itself is that its machine dies. */
bool point_is_a_death(const struct torture_point *point);
/* Whether its machine is dead, now at the latest: of the fault or just behind it. */
bool point_is_deadly(const struct torture_point *point);
/* Whether the operation is done again behind a reopening. */
bool point_reopens(const struct torture_point *point);
/* Nothing that was armed strikes the machine's memory any more, and no second fault its disk. */
void point_calm(struct sim_world *world, int machine);
/* The events one after the other until one fails. */
tern_status point_run(struct sim_world *world, json_t *events, json_t *weather);
/* The operation, with the fault. */
void point_strike(struct sim_world *world,
                  const struct torture_operation *operation,
                  const struct torture_point *point,
                  const struct torture_clean *clean,
                  tern_status *ret_status);

/* ---- known.c ---- */

/* All that decides how it goes on when everything is closed, but for the ids that are yet to be
 * minted. Never 0. */
uint64_t point_state(const struct sim_world *world, uint64_t salt);
uint64_t *point_slot(struct torture_known *known, uint64_t state);

#endif
