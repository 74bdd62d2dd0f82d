/* What is to go from the database in one transaction, while it is found and taken out. */
#ifndef TRN_SERVER_ERASURE_H
#define TRN_SERVER_ERASURE_H

#include "server/facts.h"

/* A row that goes. */
struct trn_erase_item {
    const struct trn_table *table;
    tern_id id;
};

/* A reference that is to name nothing. */
struct trn_erase_pointer {
    const struct trn_table *table;
    tern_id id;
    uint16_t column;
};

struct trn_erasure {
    struct trn_db *db;
    struct trn_db_view *view;
    struct trn_facts *facts;
    const tern_id *person; /* whose whole record goes; NULL: rows alone */
    int64_t number;
    int64_t now_us;
    struct trn_bytes items;    /* struct trn_erase_item, in the order in which they were found */
    struct trn_bytes pointers; /* struct trn_erase_pointer */
    struct trn_bytes ids;      /* of `items`, sorted: trn_erasure_sort */
    void *finder;              /* of whoever finds */

    const struct trn_table *table; /* being visited */
    uint16_t column;
};

const struct trn_erase_item *trn_erasure_items(const struct trn_erasure *erasure);
size_t trn_erasure_count(const struct trn_erasure *erasure);
tern_status
trn_erasure_append(struct trn_bytes *list, const void *item, size_t size, tern_error *error);
/* Whether the row is in the list; of a list that is not sorted yet, so a walk over all. */
bool trn_erasure_lists(const struct trn_erasure *erasure,
                       const struct trn_table *table,
                       const tern_id *id);
/* Sorts what is listed by now, and the person, for trn_erasure_takes. */
tern_status trn_erasure_sort(struct trn_erasure *erasure, tern_error *error);
/* Whether that row goes; of no table: any of that id. */
bool trn_erasure_takes(const struct trn_erasure *erasure,
                       const struct trn_table *table,
                       const tern_id *id);

#endif
