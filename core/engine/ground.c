/* One row at a time, so that heap does not grow with the page. */
#include "engine/ground.h"

#include "base/error.h"
#include "base/uuid.h"
#include "engine/rebase.h"
#include "engine/window.h"

/* From the server's numbers to the file's keys. */
static tern_status to_keys(struct trn_work *work,
                           const struct trn_table *table,
                           struct trn_version *version,
                           tern_error *error)
{
    int64_t last_number = 0;
    int64_t last_key = 0;

    for (size_t unit = 0; unit < table->unit_count; unit++) {
        struct trn_tx_info info = {0};
        tern_status status;

        if (version->keys[unit] == 0) {
            continue;
        }
        if (version->keys[unit] != last_number) {
            status = trn_known_number(&work->known, work->store, version->keys[unit], &info, error);
            if (status != TERN_OK) {
                return status;
            }
            last_number = version->keys[unit];
            last_key = info.key;
        }
        version->keys[unit] = last_key;
    }
    return TERN_OK;
}

/* Whether a pending edit stands on the row. */
static tern_status is_edited(struct trn_work *work,
                             const struct trn_table *table,
                             const struct trn_row *ground,
                             bool *ret_edited,
                             tern_error *error)
{
    int64_t last_key = 0;

    for (size_t unit = 0; unit < table->unit_count; unit++) {
        struct trn_tx_info info = {0};
        uint64_t ordinal = 0;
        tern_status status;

        if (ground->version.keys[unit] == 0 || ground->version.keys[unit] == last_key) {
            continue;
        }
        last_key = ground->version.keys[unit];
        status = trn_known_get(&work->known, work->store, last_key, &info, error);
        if (status == TERN_OK && info.number == 0) {
            status = trn_outbox_by_key(work->store, last_key, &ordinal, error);
        }
        if (status != TERN_OK) {
            return status;
        }
        if (ordinal != 0) {
            *ret_edited = true;
            return TERN_OK;
        }
    }
    *ret_edited = false;
    return TERN_OK;
}

enum { CREATED_AT = 0 }; /* among the columns */

/* Whether the row was read behind the numbered transaction: it names that one, or a later. */
static tern_status was_read_behind(struct trn_work *work,
                                   const struct trn_table *table,
                                   const struct trn_version *incoming,
                                   int64_t number,
                                   bool *ret_behind,
                                   tern_error *error)
{
    tern_status status = TERN_OK;

    *ret_behind = false;
    for (size_t unit = 0; unit < table->unit_count && status == TERN_OK && !*ret_behind; unit++) {
        struct trn_tx_info info = {0};

        if (incoming->keys[unit] != 0) {
            status = trn_known_get(&work->known, work->store, incoming->keys[unit], &info, error);
        }
        *ret_behind = info.number >= number;
    }
    return status;
}

/* Whether the ground's unit stays, the incoming one being older. */
static tern_status ground_stays(struct trn_work *work,
                                const struct trn_table *table,
                                const struct trn_version *ground,
                                const struct trn_version *incoming,
                                size_t unit,
                                enum trn_ground_mode mode,
                                bool *ret_stays,
                                tern_error *error)
{
    struct trn_tx_info here = {0};
    struct trn_tx_info there = {0};
    struct trn_stamp here_stamp;
    struct trn_stamp there_stamp;
    tern_status status;

    *ret_stays = false;
    if (ground->keys[unit] == incoming->keys[unit] || ground->keys[unit] == 0) {
        return TERN_OK;
    }
    if (incoming->keys[unit] == 0) {
        *ret_stays = mode == TRN_GROUND_MERGE;
        return TERN_OK;
    }
    status = trn_known_get(&work->known, work->store, ground->keys[unit], &here, error);
    if (status == TERN_OK) {
        status = trn_known_get(&work->known, work->store, incoming->keys[unit], &there, error);
    }
    /* A row that is only made keeps the stamp of its first maker, whoever repeats it. */
    if (status != TERN_OK || there.number >= here.number || table->append_only) {
        return status;
    }
    /* What is left of a transaction yields to the transaction itself, whatever its rank: on the
     * server too. */
    if (here.time_us == there.time_us && trn_id_equal(&here.device, &there.device)) {
        return TERN_OK;
    }
    /* Only an own tx, acknowledged after the page was read, can be ahead of a scope that is sent
     * whole. */
    if (mode != TRN_GROUND_MERGE && !trn_id_equal(&here.device, &work->meta.device)) {
        return TERN_OK;
    }
    here_stamp = (struct trn_stamp){trn_version_rank(ground, unit), here.time_us, here.device};
    there_stamp = (struct trn_stamp){trn_version_rank(incoming, unit), there.time_us, there.device};
    if (trn_stamp_compare(&here_stamp, &there_stamp) > 0) {
        bool behind = false;

        status = was_read_behind(work, table, incoming, here.number, &behind, error);
        *ret_stays = !behind;
    }
    return status;
}

static void keep_unit(const struct trn_table *table,
                      size_t unit,
                      const struct trn_row *ground,
                      struct trn_row *incoming)
{
    trn_version_set(&incoming->version,
                    unit,
                    ground->version.keys[unit],
                    trn_version_rank(&ground->version, unit));
    if (unit == TRN_UNIT_EXISTENCE) {
        incoming->deleted_at_us = ground->deleted_at_us;
        incoming->values[CREATED_AT] = ground->values[CREATED_AT];
    }
    for (size_t i = 0; i < table->units[unit].column_count; i++) {
        uint16_t column = table->units[unit].columns[i];

        incoming->values[column] = ground->values[column];
    }
}

/* What is known of a row before it is written. */
struct met {
    struct trn_row mixed;
    const struct trn_row *result; /* what is to be written; NULL: nothing */
    enum trn_row_place place;
    uint16_t units; /* of a row that is there: what is to be written of it, a bit each */
    bool lift;      /* pending edits are in the way */
};

/* What is to be written: `incoming`, or, where the ground has units that are later, both combined
 * in `met->mixed`, which borrows from both; NULL where it is all here already. The units are those
 * of which the ground has something else. */
static tern_status combine(struct trn_work *work,
                           const struct trn_table *table,
                           const struct trn_row *ground,
                           const struct trn_row *incoming,
                           enum trn_ground_mode mode,
                           struct met *met,
                           tern_error *error)
{
    const struct trn_row *result = incoming;
    bool same = mode == TRN_GROUND_MERGE;

    met->result = incoming;
    met->units = UINT16_MAX;
    if (trn_work_made_way(&ground->version, ground->deleted_at_us)) {
        return TERN_OK;
    }
    met->units = 0;
    for (size_t unit = 0; unit < table->unit_count; unit++) {
        bool stays = false;
        tern_status status = ground_stays(work,
                                          table,
                                          &ground->version,
                                          &incoming->version,
                                          unit,
                                          mode,
                                          &stays,
                                          error);

        if (status != TERN_OK) {
            return status;
        }
        if (stays && result == incoming) {
            met->mixed = *incoming;
            result = &met->mixed;
        }
        if (stays) {
            keep_unit(table, unit, ground, &met->mixed);
        } else if (ground->version.keys[unit] != incoming->version.keys[unit]) {
            same = false;
            met->units |= (uint16_t)(1U << unit);
        } else if (unit == TRN_UNIT_EXISTENCE) {
            /* What was deleted here may have been made by another's insert. */
            bool made = trn_value_equal(&ground->values[CREATED_AT], &incoming->values[CREATED_AT]);

            same = same && made;
            if (!made || ground->deleted_at_us != incoming->deleted_at_us) {
                met->units |= 1U << TRN_UNIT_EXISTENCE;
            }
        }
    }
    met->result = same ? NULL : result;
    return result != incoming ? trn_known_newest(&work->known,
                                                 work->store,
                                                 &met->mixed.version,
                                                 table->unit_count,
                                                 &met->mixed.updated_at_us,
                                                 error)
                              : TERN_OK;
}

/* A unique key is taken by a row of the ground that the server has given another by now. In a scope
 * that is sent whole that row is in it, or gone; of another scope, its change is still to come. */
static tern_status write_through(struct trn_work *work,
                                 const struct trn_table *table,
                                 const struct trn_row *row,
                                 enum trn_ground_mode mode,
                                 tern_error *error)
{
    tern_status status = trn_work_displace(work, table, row, mode == TRN_GROUND_MERGE, error);

    return status == TERN_OK ? trn_store_row_take(work->store, table, row, TRN_ROW_UNKNOWN, error)
                             : status;
}

/* There is no such row here: it enters, unless it is too old. */
static tern_status meet_nothing(struct trn_work *work,
                                const struct trn_table *table,
                                const struct trn_row *incoming,
                                const struct trn_row **ret_result,
                                tern_error *error)
{
    bool refuses = false;
    tern_status status = trn_window_refuses(work, table, incoming, &refuses, error);

    *ret_result = refuses ? NULL : incoming;
    return status;
}

/* Reads what is here and works out what is to be written. */
static tern_status meet(struct trn_work *work,
                        const struct trn_table *table,
                        const struct trn_row *incoming,
                        enum trn_ground_mode mode,
                        struct met *met,
                        tern_error *error)
{
    struct trn_row ground;
    bool found = false;
    tern_status status =
        trn_store_row_read(work->store, table, &incoming->id, &found, &ground, error);

    met->place = found ? TRN_ROW_IS_THERE : TRN_ROW_IS_NEW;
    if (status != TERN_OK) {
        return status;
    }
    if (!found) {
        return meet_nothing(work, table, incoming, &met->result, error);
    }
    if (!work->lifted) {
        status = is_edited(work, table, &ground, &met->lift, error);
    }
    if (status == TERN_OK && !met->lift) {
        status = combine(work, table, &ground, incoming, mode, met, error);
    }
    return status;
}

static tern_status look(struct trn_work *work,
                        const struct trn_table *table,
                        const struct trn_row *incoming,
                        enum trn_ground_mode mode,
                        struct met *met,
                        tern_error *error)
{
    met->result = incoming;
    met->place = TRN_ROW_UNKNOWN;
    met->lift = false;
    return mode == TRN_GROUND_BLIND ? meet_nothing(work, table, incoming, &met->result, error)
                                    : meet(work, table, incoming, mode, met, error);
}

/* One attempt. `met->lift` where pending edits turn out to be in the way. */
static tern_status write_met(struct trn_work *work,
                             const struct trn_table *table,
                             enum trn_ground_mode mode,
                             struct met *met,
                             tern_error *error)
{
    tern_error first = {0};
    tern_status status;

    if (met->lift || met->result == NULL) {
        return TERN_OK;
    }
    /* In a record that is sent whole nothing is taken for granted. */
    status = met->place == TRN_ROW_IS_THERE && mode == TRN_GROUND_MERGE
                 ? trn_store_row_take_units(work->store, table, met->result, met->units, &first)
                 : trn_store_row_take(work->store, table, met->result, met->place, &first);
    if (status == TERN_ERR_UNIQUE && !work->lifted) {
        met->lift = true;
        return TERN_OK;
    }
    if (status == TERN_ERR_UNIQUE) {
        return write_through(work, table, met->result, mode, error);
    }
    if (status != TERN_OK && error != NULL && error->status == TERN_OK) {
        *error = first;
    }
    return status;
}

/* Writes a row that was looked for; where edits are in the way, lifts them and begins anew. */
static tern_status finish(struct trn_work *work,
                          const struct trn_table *table,
                          const struct trn_row *incoming,
                          enum trn_ground_mode mode,
                          struct met *met,
                          tern_error *error)
{
    tern_status status = write_met(work, table, mode, met, error);

    if (status != TERN_OK || !met->lift) {
        return status;
    }
    status = trn_rebase_lift(work, error);
    if (status == TERN_OK) {
        status = look(work, table, incoming, mode, met, error);
    }
    return status == TERN_OK ? write_met(work, table, mode, met, error) : status;
}

static tern_status take_alone(struct trn_work *work,
                              const struct trn_table *table,
                              const struct trn_row *incoming,
                              enum trn_ground_mode mode,
                              tern_error *error)
{
    struct met met;
    tern_status status = look(work, table, incoming, mode, &met, error);

    return status == TERN_OK ? finish(work, table, incoming, mode, &met, error) : status;
}

/* ---- Many at once ---- */

static bool is_there_after_all(tern_status status)
{
    return status == TERN_ERR_EXISTS || status == TERN_ERR_UNIQUE;
}

static tern_status take_new(struct trn_work *work,
                            const struct trn_table *table,
                            const struct trn_row *row,
                            enum trn_ground_mode mode,
                            tern_error *error)
{
    tern_error why = {0};
    tern_status status = trn_store_row_take(work->store, table, row, TRN_ROW_IS_NEW, &why);

    if (is_there_after_all(status)) {
        return take_alone(work, table, row, mode, error);
    }
    return status == TERN_OK ? TERN_OK : trn_fail(error, status, "%s", why.message);
}

/* Where one of them was not new, each is taken by itself; those that are in already are found. */
static tern_status write_bulk(struct trn_work *work,
                              struct trn_bulk *bulk,
                              enum trn_ground_mode mode,
                              tern_error *error)
{
    tern_error why = {0};
    tern_status status = TERN_ERR_EXISTS;

    if (bulk->count == TRN_ROWS_AT_ONCE) {
        status = trn_store_rows_take(work->store, bulk->table, bulk->rows, &why);
        if (!is_there_after_all(status)) {
            return status == TERN_OK ? TERN_OK : trn_fail(error, status, "%s", why.message);
        }
    }
    status = TERN_OK;
    for (size_t i = 0; i < bulk->count && status == TERN_OK; i++) {
        status = take_new(work, bulk->table, &bulk->rows[i], mode, error);
    }
    return status;
}

tern_status trn_ground_flush(struct trn_work *work,
                             struct trn_bulk *bulk,
                             enum trn_ground_mode mode,
                             tern_error *error)
{
    tern_status status = write_bulk(work, bulk, mode, error);

    trn_bulk_clear(bulk);
    return status;
}

tern_status trn_ground_take(struct trn_work *work,
                            const struct trn_table *table,
                            struct trn_row *incoming,
                            enum trn_ground_mode mode,
                            struct trn_bulk *bulk,
                            tern_error *error)
{
    struct met met;
    bool is_new;
    tern_status status = to_keys(work, table, &incoming->version, error);

    if (status == TERN_OK) {
        status = look(work, table, incoming, mode, &met, error);
    }
    if (status != TERN_OK || met.result == NULL) {
        return status;
    }
    is_new = !met.lift && met.place != TRN_ROW_IS_THERE;
    if (is_new && bulk != NULL && trn_bulk_has_room(bulk, table, incoming)) {
        return trn_bulk_add(bulk, table, incoming, error);
    }
    if (bulk == NULL || bulk->count == 0) {
        return finish(work, table, incoming, mode, &met, error);
    }
    status = trn_ground_flush(work, bulk, mode, error);
    if (status != TERN_OK) {
        return status;
    }
    return is_new ? trn_bulk_add(bulk, table, incoming, error)
                  : take_alone(work, table, incoming, mode, error);
}
