#include "server/missed_request.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/hex.h"
#include "base/mutant.h"
#include "base/uuid.h"
#include "wire/request.h"

#define DAY_US (INT64_C(86400) * 1000000)

/* The job's ids follow from the database's own key, so that they are as stable as the database. */
static tern_status
make_id(struct trn_missed_request *request, const char *what, struct trn_slice of, tern_id *ret_id)
{
    uint8_t hash[TRN_SHA256_BYTES];
    const struct trn_slice parts[] = {trn_slice_text(what), of};
    tern_status status =
        trn_hmac_sha256(trn_slice_make(request->meta.seal_key, sizeof(request->meta.seal_key)),
                        parts,
                        sizeof(parts) / sizeof(parts[0]),
                        hash);

    if (status == TERN_OK) {
        trn_id_v4(hash, ret_id);
    }
    return status;
}

tern_status trn_missed_request_name_device(struct trn_missed_request *request, tern_error *error)
{
    static const uint8_t nothing[16];

    return make_id(request, "device", trn_slice_make(nothing, sizeof(nothing)), &request->device) ==
                   TERN_OK
               ? TERN_OK
               : trn_fail(error, TERN_ERR_INTERNAL, "missed doses: the hash engine failed");
}

bool trn_missed_of_one_patient(const struct trn_missed_found *a, const struct trn_missed_found *b)
{
    return trn_id_equal(&a->dose.patient, &b->dose.patient);
}

/* What a transaction is to say of a dose: its outcome, and the alerts that are lacking, which are
 * others each time somebody is to be told who was not. */
static tern_status append_found(struct trn_missed_request *request,
                                struct trn_db_view *view,
                                const struct trn_missed_found *found,
                                struct trn_bytes *says,
                                tern_error *error)
{
    const int64_t version[] = {found->base, found->is_due, found->is_told};

    if (trn_bytes_append(says, &found->dose.dose, sizeof(found->dose.dose)) != TERN_OK ||
        trn_bytes_append(says, version, sizeof(version)) != TERN_OK) {
        return trn_fail_nomem(error);
    }
    return found->is_told ? trn_alerts_lack(request->alerts,
                                            view,
                                            &found->dose.patient,
                                            &found->dose.dose,
                                            says,
                                            error)
                          : TERN_OK;
}

/* The id of a transaction follows from what it is to say, and the day: what was refused is refused
 * by the receipt that is there, and tried anew the next day, for its cause may be gone. */
static tern_status make_tx_id(struct trn_missed_request *request,
                              struct trn_db_view *view,
                              size_t first,
                              int64_t now_us,
                              tern_id *ret_id,
                              tern_error *error)
{
    const int64_t day = now_us / DAY_US;
    struct trn_bytes says = {0};
    tern_status status = TERN_OK;

    if (trn_bytes_append(&says, &day, sizeof(day)) != TERN_OK) {
        status = trn_fail_nomem(error);
    }
    for (size_t at = first; status == TERN_OK && at < request->count &&
                            trn_missed_of_one_patient(&request->found[at], &request->found[first]);
         at++) {
        status = append_found(request, view, &request->found[at], &says, error);
    }
    if (status == TERN_OK &&
        make_id(request, "transaction", trn_bytes_slice(&says), ret_id) != TERN_OK) {
        status = trn_fail(error, TERN_ERR_INTERNAL, "missed doses: the hash engine failed");
    }
    trn_bytes_free(&says);
    return status;
}

static int compare_found(const void *left, const void *right)
{
    const struct trn_missed_found *a = left;
    const struct trn_missed_found *b = right;
    int order = trn_id_compare(&a->dose.patient, &b->dose.patient);

    return order != 0 ? order : trn_id_compare(&a->dose.dose, &b->dose.dose);
}

static tern_status write_outcome(struct trn_missed_request *request,
                                 const struct trn_missed_found *found,
                                 struct trn_line_writer *writer)
{
    struct trn_change change = {.operation = TRN_OP_UPDATE,
                                .table = request->doses->doses.table,
                                .id = found->dose.dose,
                                .unit = request->outcome,
                                .base = found->base};

    change.values[request->doses->doses.columns[TRN_DOSE_STATUS]] = tern_value_text("MISSED");
    change.values[request->doses->doses.columns[TRN_DOSE_OFFLINE]] = tern_value_integer(0);
    change.values[request->doses->doses.columns[TRN_DOSE_FLAGS]] = tern_value_text(TRN_INFERRED);
    return trn_entry_write_change(writer, &change, NULL);
}

/* The outcome, where nobody has stored it, and the alerts of it in the same transaction: told and
 * missed are one. */
static tern_status write_change(struct trn_missed_request *request,
                                struct trn_db_view *view,
                                const struct trn_missed_found *found,
                                int64_t now_us,
                                struct trn_line_writer *writer,
                                tern_error *error)
{
    tern_status status = found->is_due ? write_outcome(request, found, writer) : TERN_OK;

    if (status != TERN_OK || !found->is_told || TRN_MUTANT(CARE_JOB_UNTOLD)) {
        return status;
    }
    status = trn_alerts_address(request->alerts, view, &found->dose.patient, error);
    return status == TERN_OK ? trn_alerts_write(request->alerts,
                                                view,
                                                &found->dose,
                                                now_us,
                                                writer,
                                                &request->alerts_made,
                                                error)
                             : status;
}

/* The transaction of one patient: all that was found of them from `first` on. */
static tern_status write_entry(struct trn_missed_request *request,
                               struct trn_db_view *view,
                               const struct trn_entry_header *header,
                               size_t first,
                               size_t *ret_end,
                               struct trn_bytes *entry,
                               tern_error *error)
{
    struct trn_line_writer writer;
    size_t at = first;
    tern_status status;

    trn_bytes_clear(entry);
    trn_line_writer_open(&writer, entry);
    status = trn_entry_write_header(&writer, header, NULL);
    while (status == TERN_OK && at < request->count &&
           trn_missed_of_one_patient(&request->found[at], &request->found[first])) {
        status = write_change(request, view, &request->found[at], header->time_us, &writer, error);
        at++;
    }
    *ret_end = at;
    return status;
}

/* Entries one behind the other; `top` is the last. */
static tern_status write_entries(struct trn_missed_request *request,
                                 struct trn_db_view *view,
                                 int64_t last_ordinal,
                                 int64_t now_us,
                                 struct trn_bytes entries[TRN_MISSED_STEP_DOSES],
                                 size_t *ret_count,
                                 struct trn_landmark *top,
                                 tern_error *error)
{
    struct trn_entry_header header = {.time_us = now_us,
                                      .kind = TRN_ENTRY_INFERRED,
                                      .schema_version = request->schema->version};
    size_t at = 0;
    tern_status status = TERN_OK;

    trn_hex_encode(request->meta.epoch, sizeof(request->meta.epoch), header.epoch);
    while (status == TERN_OK && at < request->count) {
        header.ordinal = (uint64_t)(++last_ordinal);
        status = make_tx_id(request, view, at, now_us, &header.tx, error);
        if (status == TERN_OK) {
            status = write_entry(request, view, &header, at, &at, &entries[*ret_count], error);
        }
        (*ret_count)++;
        *top = (struct trn_landmark){.ordinal = header.ordinal, .tx = header.tx};
    }
    return status;
}

tern_status trn_missed_request_write(struct trn_missed_request *request,
                                     struct trn_db_view *view,
                                     int64_t last_ordinal,
                                     int64_t now_us,
                                     struct trn_bytes *body,
                                     tern_error *error)
{
    struct trn_bytes entries[TRN_MISSED_STEP_DOSES] = {{0}};
    struct trn_request_envelope envelope = {.schema_version = request->schema->version,
                                            .device = request->device,
                                            .sent_us = now_us};
    const struct trn_attempt attempt = {.age_us = 0};
    struct trn_line_writer writer;
    tern_status status;

    qsort(request->found, request->count, sizeof(request->found[0]), compare_found);
    request->alerts_made = 0;
    status = write_entries(request,
                           view,
                           last_ordinal,
                           now_us,
                           entries,
                           &envelope.tx_count,
                           &envelope.top,
                           error);
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
    return status == TERN_OK
               ? TERN_OK
               : trn_fail(error, status, "missed doses: the request could not be written");
}
