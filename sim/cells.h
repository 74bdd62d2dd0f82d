/* Cells of a row of any schema, whose values the dice choose. */
#ifndef TERN_SIM_CELLS_H
#define TERN_SIM_CELLS_H

#include "sim/writer.h"

enum { SIM_CELL_ROOM = 120 };

/* The cells of one change and the bytes that they borrow. */
struct sim_cells {
    tern_cell items[TRN_COLUMNS_MAX];
    char room[TRN_COLUMNS_MAX][SIM_CELL_ROOM];
    size_t count;
};

void sim_cells_put(struct sim_cells *cells, const char *column, tern_value value);
/* False where the dice find none, as for a reference to a table without rows. */
bool sim_cells_add(struct sim_writer *writer,
                   struct sim_cells *cells,
                   const struct trn_table *table,
                   uint16_t column);
/* Fills in what a row must have and nobody has said. */
bool sim_cells_add_needed(struct sim_writer *writer,
                          const struct trn_table *table,
                          struct sim_cells *cells);
/* Whether the column is part of what makes the row this one and no other. */
bool sim_is_key(const struct trn_table *table, uint16_t column);
/* Whether the column takes texts of any length. */
bool sim_is_roomy(const struct trn_table *table, uint16_t index);
/* A row of the table, one of the deleted ones if that is asked for; false where there is none. */
bool sim_writer_pick(struct sim_writer *writer,
                     const struct trn_table *table,
                     bool deleted,
                     tern_id *ret_id);

#endif
