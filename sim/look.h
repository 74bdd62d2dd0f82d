/* Looking into files. */
#ifndef TERN_SIM_LOOK_H
#define TERN_SIM_LOOK_H

#include "sim/world.h"

/* The database of a device, or of the server (SIM_SERVER), as any tool would open it, until
 * sim_look_away. */
sqlite3 *sim_look(struct sim_world *world, int device);
/* The same, or where there is no eye yet, as those see it whose the file is. */
sqlite3 *sim_look_within(struct sim_world *world, int device);
/* The same, and as those see it also where there is an eye: they have the pages at hand. */
sqlite3 *sim_look_warm(struct sim_world *world, int device);
void sim_look_away(struct sim_world *world, int device);
/* Before those whose the file is close it. */
void sim_eye_close(struct sim_eye *eye);
/* A statement that belongs to the eye: to be reset, not finalized. Fails the world and is NULL
 * where it cannot be compiled. */
sqlite3_stmt *sim_look_prepare(struct sim_world *world, sqlite3 *db, const char *sql);
/* One whole number, or `none` where there is no row. */
int64_t sim_look_number(struct sim_world *world, sqlite3 *db, const char *sql, int64_t none);
/* All rows, cells parted by '|' and rows by line ends; blobs in hexadecimal. Fails the world where
 * the statement does. To be freed with trn_bytes_free. */
struct trn_bytes sim_look_rows(struct sim_world *world, sqlite3 *db, const char *sql);
/* The same of a statement that is prepared and bound; it is reset. */
struct trn_bytes sim_look_steps(struct sim_world *world, sqlite3_stmt *stmt);
/* Whether SQLite finds the file sound, and all references kept. */
void sim_look_sound(struct sim_world *world, int device);

#endif
