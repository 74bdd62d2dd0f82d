/* What erasing a record and letting rows go for their age share: all of it but which rows go. */
#ifndef TRN_SERVER_ERASE_INTERNAL_H
#define TRN_SERVER_ERASE_INTERNAL_H

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
    struct trn_bytes ids;      /* tern_id, of `items`, sorted */
    void *finder;              /* of whoever finds */

    const struct trn_table *table; /* being visited */
    uint16_t column;
};

/* Fills `items`, and `pointers`, while every row's scopes can still be looked up. */
typedef tern_status (*trn_erase_find)(struct trn_erasure *erasure, tern_error *error);

/* Takes out in a group of its own what `find` finds. `db`, `person`, `now_us` and `finder` are the
 * caller's; the lists are empty before and after. */
tern_status trn_erase_run(struct trn_erasure *erasure, trn_erase_find find, tern_error *error);

const struct trn_erase_item *trn_erase_items(const struct trn_erasure *erasure);
size_t trn_erase_count(const struct trn_erasure *erasure);
tern_status
trn_erase_append(struct trn_bytes *list, const void *item, size_t size, tern_error *error);
/* Adds the audit rows about a row that goes. */
tern_status trn_erase_find_audits(struct trn_erasure *erasure,
                                  const struct trn_erase_item *item,
                                  tern_error *error);

#endif
