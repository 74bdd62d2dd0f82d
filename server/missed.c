/* Doses that wait, by time; each with the rows that say when it is due; what has passed becomes one
 * request of the job's device. One thread serves the database, so nothing comes between the reading
 * and the request. */
#include "server/missed.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "base/memory.h"
#include "base/uuid.h"
#include "medication/window.h"
#include "server/doses.h"

static const char due[] = "DUE";

/* A dose that was missed. */
struct found {
    tern_id patient;
    tern_id dose;
    int64_t base; /* the number of the transaction that last wrote its outcome */
};

struct trn_missed {
    struct trn_db *db;
    struct trn_server *server;
    tern_zone_port zones;
    struct trn_doses doses;
    struct trn_db_waiting waiting; /* the doses that are due */
    size_t outcome;                /* unit of the doses */
    struct trn_db_moment cursor;
    struct trn_db_meta meta; /* of the step under way */
    tern_id device;
    struct found found[TRN_MISSED_STEP_DOSES];
    size_t found_count;
};

/* ---- Opening ---- */

tern_status trn_missed_open(struct trn_db *db,
                            struct trn_server *server,
                            const tern_zone_port *zones,
                            struct trn_missed **ret_job,
                            tern_error *error)
{
    struct trn_missed *job = trn_calloc(1, sizeof(*job));
    tern_status status = TERN_OK;

    if (job == NULL) {
        return trn_fail_nomem(error);
    }
    job->db = db;
    job->server = server;
    job->zones = *zones;
    job->cursor.us = INT64_MIN;
    if (!trn_doses_know(db->schema, &job->doses)) {
        status = trn_fail(error,
                          TERN_ERR_MISUSE,
                          "missed doses: the schema document has none as they are known here");
    }
    if (status == TERN_OK) {
        job->outcome =
            job->doses.doses.table->columns[job->doses.doses.columns[TRN_DOSE_STATUS]].unit;
        job->waiting =
            (struct trn_db_waiting){.table = job->doses.doses.table,
                                    .word_column = job->doses.doses.columns[TRN_DOSE_STATUS],
                                    .word = due,
                                    .time_column = job->doses.doses.columns[TRN_DOSE_TIME]};
        status = db->ops->waiting_prepare(db, &job->waiting, error);
    }
    if (status != TERN_OK) {
        trn_missed_close(job);
        return status;
    }
    *ret_job = job;
    return TERN_OK;
}

void trn_missed_close(struct trn_missed *job)
{
    trn_free(job);
}

/* ---- Looking ---- */

/* A zone that cannot be read is one patient's trouble, and never quietly another zone. */
static bool is_of_the_zone(tern_status status)
{
    return status == TERN_ERR_NOT_FOUND || status == TERN_ERR_FORMAT ||
           status == TERN_ERR_CORRUPT || status == TERN_ERR_RANGE;
}

static tern_status judge(struct trn_missed *job,
                         struct trn_db_view *view,
                         const struct trn_row *dose,
                         struct trn_missed_report *report,
                         tern_error *error)
{
    struct trn_source source;
    tern_error cause = {.status = TERN_OK};
    tern_status status =
        trn_doses_source(&job->doses, job->db, view, &job->zones, dose, &source, &cause);

    if (is_of_the_zone(status)) {
        report->unread++;
        return TERN_OK;
    }
    if (status != TERN_OK) {
        return trn_fail(error, status, "%s", cause.message);
    }
    if (trn_source_yields(&source,
                          trn_known_value(&job->doses.doses, dose, TRN_DOSE_DATE),
                          trn_known_value(&job->doses.doses, dose, TRN_DOSE_SLOT))) {
        job->found[job->found_count++] = (struct found){
            .patient = trn_value_to_id(trn_known_value(&job->doses.doses, dose, TRN_DOSE_PATIENT)),
            .dose = dose->id,
            .base = dose->version.keys[job->outcome]};
    }
    return TERN_OK;
}

/* A dose that somebody made due again is theirs, and no guess overrules it. */
static tern_status look_at(struct trn_missed *job,
                           struct trn_db_view *view,
                           const struct trn_db_moment *place,
                           int64_t now_us,
                           struct trn_missed_report *report,
                           tern_error *error)
{
    struct trn_row dose;
    bool found = false;
    tern_status status =
        job->db->ops->row_read(view, job->doses.doses.table, &place->id, &found, &dose, error);

    if (status != TERN_OK || !found ||
        trn_version_rank(&dose.version, job->outcome) == TRN_RANK_1_RECORDED ||
        !trn_window_has_passed(place->us,
                               trn_known_value(&job->doses.doses, &dose, TRN_DOSE_GRACE).integer,
                               now_us)) {
        return status;
    }
    return judge(job, view, &dose, report, error);
}

static tern_status look(struct trn_missed *job,
                        struct trn_db_view *view,
                        int64_t now_us,
                        struct trn_db_moment *ret_cursor,
                        struct trn_missed_report *report,
                        tern_error *error)
{
    struct trn_db_moment places[TRN_MISSED_STEP_DOSES];
    size_t count = 0;
    tern_status status = job->db->ops->rows_waiting(view,
                                                    &job->waiting,
                                                    &job->cursor,
                                                    now_us,
                                                    places,
                                                    TRN_MISSED_STEP_DOSES,
                                                    &count,
                                                    error);

    job->found_count = 0;
    for (size_t i = 0; status == TERN_OK && i < count; i++) {
        status = look_at(job, view, &places[i], now_us, report, error);
    }
    if (status == TERN_OK) {
        report->looked_at = count;
        report->more = count == TRN_MISSED_STEP_DOSES;
        *ret_cursor = report->more ? places[count - 1] : (struct trn_db_moment){.us = INT64_MIN};
    }
    return status;
}

/* ---- Writing ---- */

/* The job's ids follow from the database's own key, so that they are as stable as the database. */
static tern_status
make_id(struct trn_missed *job, const char *what, int64_t a, int64_t b, tern_id *ret_id)
{
    uint8_t hash[TRN_SHA256_BYTES];
    const struct trn_slice parts[] = {trn_slice_text(what),
                                      trn_slice_make(&a, sizeof(a)),
                                      trn_slice_make(&b, sizeof(b))};
    tern_status status =
        trn_hmac_sha256(trn_slice_make(job->meta.seal_key, sizeof(job->meta.seal_key)),
                        parts,
                        sizeof(parts) / sizeof(parts[0]),
                        hash);

    if (status == TERN_OK) {
        trn_id_v4(hash, ret_id);
    }
    return status;
}

static int compare_found(const void *left, const void *right)
{
    const struct found *a = left;
    const struct found *b = right;
    int order = trn_id_compare(&a->patient, &b->patient);

    return order != 0 ? order : trn_id_compare(&a->dose, &b->dose);
}

static tern_status
write_change(struct trn_missed *job, const struct found *found, struct trn_line_writer *writer)
{
    struct trn_change change = {.operation = TRN_OP_UPDATE,
                                .table = job->doses.doses.table,
                                .id = found->dose,
                                .unit = job->outcome,
                                .base = found->base};

    change.values[job->doses.doses.columns[TRN_DOSE_STATUS]] = tern_value_text("MISSED");
    change.values[job->doses.doses.columns[TRN_DOSE_OFFLINE]] = tern_value_integer(0);
    return trn_entry_write_change(writer, &change, NULL);
}

/* The transaction of one patient: all that was found of them from `first` on. */
static tern_status write_entry(struct trn_missed *job,
                               const struct trn_entry_header *header,
                               size_t first,
                               size_t *ret_end,
                               struct trn_bytes *entry)
{
    struct trn_line_writer writer;
    size_t at = first;
    tern_status status;

    trn_bytes_clear(entry);
    trn_line_writer_open(&writer, entry);
    status = trn_entry_write_header(&writer, header, NULL);
    while (status == TERN_OK && at < job->found_count &&
           trn_id_equal(&job->found[at].patient, &job->found[first].patient)) {
        status = write_change(job, &job->found[at], &writer);
        at++;
    }
    *ret_end = at;
    return status;
}

/* Entries one behind the other; `top` is the last. */
static tern_status write_entries(struct trn_missed *job,
                                 int64_t last_ordinal,
                                 int64_t now_us,
                                 struct trn_bytes entries[TRN_MISSED_STEP_DOSES],
                                 size_t *ret_count,
                                 struct trn_landmark *top)
{
    struct trn_entry_header header = {.time_us = now_us,
                                      .kind = TRN_ENTRY_INFERRED,
                                      .schema_version = job->db->schema->version};
    size_t at = 0;
    tern_status status = TERN_OK;

    trn_hex_encode(job->meta.epoch, sizeof(job->meta.epoch), header.epoch);
    while (status == TERN_OK && at < job->found_count) {
        header.ordinal = (uint64_t)(++last_ordinal);
        status = make_id(job, "transaction", last_ordinal, now_us, &header.tx);
        if (status == TERN_OK) {
            status = write_entry(job, &header, at, &at, &entries[*ret_count]);
        }
        (*ret_count)++;
        *top = (struct trn_landmark){.ordinal = header.ordinal, .tx = header.tx};
    }
    return status;
}

static tern_status
write_request(struct trn_missed *job, int64_t last_ordinal, int64_t now_us, struct trn_bytes *body)
{
    struct trn_bytes entries[TRN_MISSED_STEP_DOSES] = {{0}};
    struct trn_request_envelope envelope = {.schema_version = job->db->schema->version,
                                            .device = job->device,
                                            .sent_us = now_us};
    const struct trn_attempt attempt = {.age_us = 0};
    struct trn_line_writer writer;
    tern_status status =
        write_entries(job, last_ordinal, now_us, entries, &envelope.tx_count, &envelope.top);

    trn_line_writer_open(&writer, body);
    if (status == TERN_OK) {
        status = trn_request_write_envelope(&writer, &envelope, NULL);
    }
    for (size_t i = 0; status == TERN_OK && i < envelope.tx_count; i++) {
        status = trn_request_write_entry(&writer, &attempt, trn_bytes_slice(&entries[i]), NULL);
    }
    if (status == TERN_OK) {
        status = trn_line_write_last(&writer, NULL);
    }
    for (size_t i = 0; i < envelope.tx_count; i++) {
        trn_bytes_free(&entries[i]);
    }
    return status;
}

/* Pushes what was found, as the device of the job. */
static tern_status
push(struct trn_missed *job, int64_t last_ordinal, int64_t now_us, tern_error *error)
{
    struct trn_sync_call call = {.auth = {.user = job->device, .power = TRN_POWER_SERVICE}};
    struct trn_bytes body = {0};
    tern_status status = write_request(job, last_ordinal, now_us, &body);

    if (status != TERN_OK) {
        trn_bytes_free(&body);
        return trn_fail(error, status, "missed doses: the request could not be written");
    }
    call.request = trn_bytes_slice(&body);
    trn_server_handle(job->server, now_us, &call, 1);
    if (call.cause.status != TERN_OK) {
        status = trn_fail(error, call.cause.status, "missed doses: %s", call.cause.message);
    } else if (call.code != TERN_OK || call.status != 200 || call.rejected > 0) {
        status = trn_fail(error, TERN_ERR_INTERNAL, "missed doses: what was found was refused");
    }
    trn_sync_call_free(&call);
    trn_bytes_free(&body);
    return status;
}

/* ---- A step ---- */

static tern_status find(struct trn_missed *job,
                        int64_t now_us,
                        struct trn_db_moment *ret_cursor,
                        int64_t *ret_ordinal,
                        struct trn_missed_report *report,
                        tern_error *error)
{
    struct trn_db_view *view = NULL;
    struct trn_db_device device = {.last_ordinal = 0};
    tern_status status = job->db->ops->snapshot_open(job->db, &view, error);

    if (status != TERN_OK) {
        return status;
    }
    status = job->db->ops->meta_read(view, &job->meta, error);
    if (status == TERN_OK && make_id(job, "device", 0, 0, &job->device) != TERN_OK) {
        status = trn_fail(error, TERN_ERR_INTERNAL, "missed doses: the hash engine failed");
    }
    if (status == TERN_OK) {
        status = job->db->ops->device_read(view, &job->device, &device, error);
    }
    if (status == TERN_OK) {
        status = look(job, view, now_us, ret_cursor, report, error);
    }
    *ret_ordinal = device.last_ordinal;
    job->db->ops->snapshot_close(job->db, view);
    return status;
}

tern_status trn_missed_step(struct trn_missed *job,
                            int64_t now_us,
                            struct trn_missed_report *ret_report,
                            tern_error *error)
{
    struct trn_missed_report report = {.missed = 0};
    struct trn_db_moment cursor = job->cursor;
    int64_t ordinal = 0;
    tern_status status = find(job, now_us, &cursor, &ordinal, &report, error);

    if (status == TERN_OK && job->found_count > 0) {
        qsort(job->found, job->found_count, sizeof(job->found[0]), compare_found);
        status = push(job, ordinal, now_us, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    report.missed = job->found_count;
    job->cursor = cursor;
    *ret_report = report;
    return TERN_OK;
}
