/* Direct-mapped tables of what was looked up; a later one takes an earlier one's place. */
#include "server/facts.h"

#include <stddef.h>
#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/portion.h"
#include "base/uuid.h"

struct tx_fact {
    int64_t number;
    struct trn_db_tx tx;
};

struct row_fact {
    uint16_t table;
    tern_id id;
    struct trn_row_scopes scopes;
};

struct trn_facts {
    const struct trn_db *db;
    struct trn_db_view *view;
    uint64_t age;           /* from 1; forgetting is one step of it, not a pass over the tables */
    uint64_t unwritten_age; /* what is not of the tables' age is forgotten */
    uint64_t tx_ages[TRN_FACT_TXS];
    uint64_t row_ages[TRN_FACT_ROWS];
    /* From here on nothing is looked at before its age says that it was written. */
    struct tx_fact unwritten; /* the tx under way: no table but this one can know it */
    struct tx_fact txs[TRN_FACT_TXS];
    struct row_fact rows[TRN_FACT_ROWS];
};

struct trn_facts *trn_facts_new(const struct trn_db *db, struct trn_db_view *view)
{
    struct trn_facts *facts = trn_alloc(sizeof(*facts));

    if (facts != NULL) {
        memset(facts,
               0,
               offsetof(struct trn_facts, unwritten)); /* the rest is most of a megabyte */
        facts->db = db;
        facts->view = view;
        facts->age = 1;
    }
    return facts;
}

void trn_facts_free(struct trn_facts *facts)
{
    trn_free(facts);
}

void trn_facts_forget(struct trn_facts *facts)
{
    facts->age++;
}

void trn_facts_set_view(struct trn_facts *facts, struct trn_db_view *view)
{
    trn_facts_forget(facts);
    facts->view = view;
}

/* ---- Transactions ---- */

void trn_facts_put_tx(struct trn_facts *facts, int64_t number, const struct trn_db_tx *tx)
{
    facts->unwritten = (struct tx_fact){number, *tx};
    facts->unwritten_age = facts->age;
}

/* NULL where it has to be looked up. */
static const struct tx_fact *known_tx(const struct trn_facts *facts, int64_t number)
{
    size_t slot = (size_t)((uint64_t)number % trn_portion(TRN_FACT_TXS));

    if (facts->unwritten_age == facts->age && facts->unwritten.number == number) {
        return &facts->unwritten;
    }
    return facts->tx_ages[slot] == facts->age && facts->txs[slot].number == number
               ? &facts->txs[slot]
               : NULL;
}

tern_status
trn_facts_tx(struct trn_facts *facts, int64_t number, struct trn_db_tx *ret_tx, tern_error *error)
{
    size_t slot = (size_t)((uint64_t)number % trn_portion(TRN_FACT_TXS));
    const struct tx_fact *known = known_tx(facts, number);
    struct trn_db_tx tx;
    bool found = false;
    tern_status status;

    TRN_ASSERT(number > 0);

    if (known != NULL) {
        *ret_tx = known->tx;
        return TERN_OK;
    }
    status = facts->db->ops->tx_get(facts->view, number, &found, &tx, error);
    if (status != TERN_OK) {
        return status;
    }
    if (!found) {
        return trn_fail(error, TERN_ERR_CORRUPT, "a row names a number that no entry has");
    }
    facts->txs[slot] = (struct tx_fact){number, tx};
    facts->tx_ages[slot] = facts->age;
    *ret_tx = tx;
    return TERN_OK;
}

/* ---- Scopes ---- */

bool trn_row_scopes_have(const struct trn_row_scopes *scopes, const tern_id *scope)
{
    for (size_t index = 0; index < scopes->count; index++) {
        if (trn_id_equal(&scopes->scopes[index], scope)) {
            return true;
        }
    }
    return false;
}

bool trn_row_scopes_meet(const struct trn_row_scopes *a, const struct trn_row_scopes *b)
{
    for (size_t index = 0; index < a->count; index++) {
        if (trn_row_scopes_have(b, &a->scopes[index])) {
            return true;
        }
    }
    return false;
}

static void add_scope(struct trn_row_scopes *scopes, const tern_id *scope)
{
    if (!trn_row_scopes_have(scopes, scope) && scopes->count < TRN_ROW_SCOPES_MAX) {
        scopes->scopes[scopes->count++] = *scope;
    }
}

static size_t row_slot(const struct trn_table *table, const tern_id *id)
{
    uint64_t hash = table->index;

    for (size_t index = 0; index < sizeof(id->bytes); index++) {
        hash = (hash ^ id->bytes[index]) * UINT64_C(1099511628211);
    }
    return (size_t)((hash >> 20) % trn_portion(TRN_FACT_ROWS));
}

void trn_facts_put_row(struct trn_facts *facts,
                       const struct trn_table *table,
                       const tern_id *id,
                       const struct trn_row_scopes *scopes)
{
    size_t slot = row_slot(table, id);

    facts->rows[slot] = (struct row_fact){table->index, *id, *scopes};
    facts->row_ages[slot] = facts->age;
}

/* Follows one path from the value of its first column to the id of the scope. */
static tern_status follow(struct trn_facts *facts,
                          const struct trn_scope_path *path,
                          tern_id id,
                          bool *ret_open,
                          tern_id *ret_scope,
                          tern_error *error)
{
    for (size_t hop = 1; hop < path->hop_count; hop++) {
        const struct trn_table *table = &facts->db->schema->tables[path->tables[hop]];
        struct trn_row row;
        bool found = false;
        tern_status status = facts->db->ops->row_read(facts->view, table, &id, &found, &row, error);

        if (status != TERN_OK) {
            return status;
        }
        if (!found || !trn_value_id(&row.values[path->columns[hop]], &id)) {
            *ret_open = true;
            return TERN_OK;
        }
    }
    *ret_scope = id;
    return TERN_OK;
}

tern_status trn_facts_new_scopes(struct trn_facts *facts,
                                 const struct trn_table *table,
                                 const tern_id *id,
                                 const tern_value *values,
                                 bool *ret_open,
                                 struct trn_row_scopes *ret_scopes,
                                 tern_error *error)
{
    struct trn_row_scopes scopes = {.count = 0};
    tern_status status = TERN_OK;
    bool any_open = false;

    for (size_t index = 0; index < table->scope_count && status == TERN_OK; index++) {
        const struct trn_scope_path *path = &table->scopes[index];
        bool open = false;
        tern_id scope = *id;

        if (path->hop_count > 0) {
            if (!trn_value_id(&values[path->columns[0]], &scope)) {
                continue;
            }
            status = follow(facts, path, scope, &open, &scope, error);
        }
        if (status == TERN_OK && !open) {
            add_scope(&scopes, &scope);
        }
        any_open = any_open || open;
    }
    if (status == TERN_OK) {
        *ret_open = any_open;
        *ret_scopes = scopes;
    }
    return status;
}

/* The row's own ids that its paths begin with, copied: walking on reads other rows. */
static void
copy_ids(const struct trn_table *table, const struct trn_row *row, tern_id *ids, tern_value *values)
{
    for (size_t index = 0; index < table->scope_count; index++) {
        const struct trn_scope_path *path = &table->scopes[index];

        if (path->hop_count > 0) {
            tern_value *value = &values[path->columns[0]];

            *value = tern_value_null();
            if (trn_value_id(&row->values[path->columns[0]], &ids[index])) {
                *value = tern_value_id(&ids[index]);
            }
        }
    }
}

tern_status trn_facts_row_scopes(struct trn_facts *facts,
                                 const struct trn_table *table,
                                 const tern_id *id,
                                 bool *ret_found,
                                 struct trn_row_scopes *ret_scopes,
                                 tern_error *error)
{
    size_t slot = row_slot(table, id);
    const struct row_fact *fact = &facts->rows[slot];
    tern_id ids[TRN_ROW_SCOPES_MAX];
    tern_value values[TRN_COLUMNS_MAX];
    struct trn_row_scopes scopes = {.count = 0};
    struct trn_row row;
    bool found = false;
    bool open = false;
    tern_status status;

    TRN_ASSERT(table->scope_count <= TRN_ROW_SCOPES_MAX);

    if (facts->row_ages[slot] == facts->age && fact->table == table->index &&
        trn_id_equal(&fact->id, id)) {
        *ret_scopes = fact->scopes;
        *ret_found = true;
        return TERN_OK;
    }
    status = facts->db->ops->row_read(facts->view, table, id, &found, &row, error);
    if (status != TERN_OK || !found) {
        if (status == TERN_OK) {
            *ret_found = false;
        }
        return status;
    }
    copy_ids(table, &row, ids, values);
    status = trn_facts_new_scopes(facts, table, id, values, &open, &scopes, error);
    if (status != TERN_OK) {
        return status;
    }
    trn_facts_put_row(facts, table, id, &scopes);
    *ret_scopes = scopes;
    *ret_found = true;
    return TERN_OK;
}
