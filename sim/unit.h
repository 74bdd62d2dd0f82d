/* One unit of a row, as a file holds it: the server's or a device's. */
#ifndef TERN_SIM_UNIT_H
#define TERN_SIM_UNIT_H

#include "model/version.h"
#include "sim/world.h"

struct sim_unit {
    int64_t key; /* who wrote it; on the server its number */
    enum trn_rank rank;
    uint64_t values; /* sim_applied_hash; of existence: whether the row lives */
};

/* A statement for the table's rows, as sim_look_prepare. */
sqlite3_stmt *sim_unit_prepare(struct sim_world *world, sqlite3 *db, const struct trn_table *table);
/* False where there is no such row. */
bool sim_unit_read(sqlite3_stmt *stmt,
                   const struct trn_table *table,
                   const tern_id *row,
                   size_t unit,
                   struct sim_unit *ret_unit);
/* A cell, borrowed until the statement goes on. */
tern_value sim_unit_cell(sqlite3_stmt *stmt, int column);

#endif
