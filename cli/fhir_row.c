/* Rows between the mapping and the replica. Values lie one behind the other in one buffer, so cells
 * hold offsets: the buffer moves as it grows. */
#include "cli/fhir_row.h"

#include <string.h>

#include "base/assert.h"

void trn_fhir_row_begin(struct trn_fhir_row *row,
                        const char *table,
                        const char *source,
                        const tern_id *id,
                        const tern_id *patient)
{
    trn_bytes_clear(&row->data);
    row->table = table;
    row->source = source;
    row->id = *id;
    row->patient = *patient;
    row->count = 0;
    row->status = TERN_OK;
}

static void add(struct trn_fhir_row *row, const struct trn_fhir_cell *cell, const void *data)
{
    TRN_ASSERT(row->count < TRN_FHIR_CELLS_MAX);

    if (row->status == TERN_OK) {
        row->status = trn_bytes_append(&row->data, data, cell->size);
    }
    if (row->status == TERN_OK) {
        row->cells[row->count] = *cell;
        row->cells[row->count].offset = row->data.size - cell->size;
        row->count++;
    }
}

void trn_fhir_row_add_text(struct trn_fhir_row *row, const char *column, struct trn_slice text)
{
    struct trn_fhir_cell cell = {.column = column, .kind = TERN_TEXT, .size = text.size};

    add(row, &cell, text.data);
}

void trn_fhir_row_add_integer(struct trn_fhir_row *row, const char *column, int64_t integer)
{
    struct trn_fhir_cell cell = {.column = column, .kind = TERN_INTEGER, .integer = integer};

    add(row, &cell, NULL);
}

void trn_fhir_row_add_id(struct trn_fhir_row *row, const char *column, const tern_id *id)
{
    struct trn_fhir_cell cell = {.column = column, .kind = TERN_BLOB, .size = sizeof(id->bytes)};

    add(row, &cell, id->bytes);
}

void trn_fhir_row_drop(struct trn_fhir_row *row, const char *column)
{
    for (size_t i = 0; i < row->count; i++) {
        if (strcmp(row->cells[i].column, column) == 0) {
            memmove(&row->cells[i],
                    &row->cells[i + 1],
                    (row->count - i - 1) * sizeof(row->cells[0]));
            row->count--;
            return;
        }
    }
}

tern_value trn_fhir_row_value(const struct trn_fhir_row *row, size_t index)
{
    const struct trn_fhir_cell *cell = &row->cells[index];

    TRN_ASSERT(index < row->count);

    return (tern_value){
        .kind = cell->kind,
        .integer = cell->integer,
        .data = cell->kind == TERN_INTEGER ? NULL : trn_bytes_text(&row->data) + cell->offset,
        .size = cell->size};
}

tern_value trn_fhir_row_find(const struct trn_fhir_row *row, const char *column)
{
    for (size_t i = 0; i < row->count; i++) {
        if (strcmp(row->cells[i].column, column) == 0) {
            return trn_fhir_row_value(row, i);
        }
    }
    return (tern_value){.kind = TERN_NULL};
}

void trn_fhir_row_free(struct trn_fhir_row *row)
{
    trn_bytes_free(&row->data);
    row->count = 0;
}
