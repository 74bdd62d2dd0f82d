/* Which records a user may read, by the server's rows: their own, and what grants open. */
#ifndef TERN_SIM_GRANTED_H
#define TERN_SIM_GRANTED_H

#include "sim/world.h"

enum { SIM_GRANTED_MAX = SIM_USERS + 1 };

struct sim_granted {
    char ids[SIM_GRANTED_MAX][33];
    size_t count;
};

/* SQL of the record that a path leads to from the row `r`. */
void sim_granted_append_path(const struct trn_schema *schema,
                             const struct trn_scope_path *path,
                             struct trn_bytes *sql);
void sim_granted_find(struct sim_world *world,
                      sqlite3 *db,
                      size_t user,
                      struct sim_granted *ret_granted);
/* An answer that the server has just given to the user has lines of these records alone. */
void sim_granted_check(struct sim_world *world, size_t user, const struct trn_bytes *answer);

#endif
