/* The server's history, read once: its transactions, and each write of a unit with its base. */
#ifndef TERN_SIM_APPLIED_H
#define TERN_SIM_APPLIED_H

#include "sim/world.h"

struct sim_applied_entry {
    int64_t number;
    int64_t ordinal;
    tern_id tx;
    tern_id device; /* its author's */
    tern_id sender; /* who handed it in: two copies of a device may have used one ordinal */
    int64_t time_us;
    int verdict;
    int kind;
    bool erased; /* it was applied, and its bytes are gone */
    char detail[120];
};

/* One unit of one change that the server applied. */
struct sim_applied_write {
    const struct trn_table *table;
    tern_id row;
    size_t unit;
    int64_t number;
    const struct sim_applied_entry *entry;
    int64_t base; /* a number of the server's; minus an ordinal of the author's; 0 */
    uint64_t values;
    bool alive; /* of existence: what it says */
    bool inserts;
    bool implied; /* a default of a column that its document did not have yet */
};

struct sim_applied {
    struct sim_world *world;
    const struct trn_schema *schema;
    sqlite3 *db;
    struct sim_applied_entry *entries;
    size_t entry_count;
    struct sim_applied_write *writes;
    size_t write_count;
    size_t write_room;
    int64_t last_erased; /* the highest number whose bytes were erased; 0: none were */
};

/* Looks at the server, until sim_applied_close. Fails the world where an entry cannot be read, or
 * was applied though what it builds on was not. */
void sim_applied_open(struct sim_applied *applied, struct sim_world *world);
void sim_applied_close(struct sim_applied *applied);
/* Of what a unit holds. */
uint64_t sim_applied_hash(const struct trn_table *table, size_t unit, const tern_value *values);
tern_id sim_applied_id(sqlite3_stmt *stmt, int column);
/* A statement on the server's file, as sim_look_prepare. */
sqlite3_stmt *sim_applied_prepare(const struct sim_applied *applied, const char *sql);

#endif
