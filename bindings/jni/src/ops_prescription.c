/* Prescriptions: what a clinician writes, packed, and the steps of its life. */
#include <stdlib.h>

#include "bindings/jni/src/bridge.h"
#include "tern/medication/prescription.h"

enum { MEDICINES_MAX = 1000 };

static void read_medicine(struct bridge_call *call, tern_medicine *medicine)
{
    medicine->id = bridge_id(call);
    medicine->name = bridge_text(call);
    medicine->name_khmer = bridge_text(call);
    medicine->image_url = bridge_text(call);
    medicine->morning_dosage = bridge_text(call);
    medicine->daytime_dosage = bridge_text(call);
    medicine->night_dosage = bridge_text(call);
    medicine->frequency = bridge_text(call);
    medicine->timing = bridge_text(call);
    medicine->duration_days = bridge_int(call);
    medicine->is_prn = bridge_byte(call) != 0;
}

/* `ret_medicines` is freed by the caller, also after a failure. */
static tern_status
read_prescription(struct bridge_call *call, tern_prescription *sheet, tern_medicine **ret_medicines)
{
    int32_t count;

    sheet->size = sizeof *sheet;
    sheet->patient = bridge_id(call);
    sheet->doctor = bridge_id(call);
    sheet->patient_name = bridge_text(call);
    sheet->patient_gender = bridge_text(call);
    sheet->patient_age = bridge_int(call);
    sheet->symptoms = bridge_text(call);
    sheet->diagnosis = bridge_text(call);
    sheet->start_date = bridge_text(call);
    sheet->end_date = bridge_text(call);
    sheet->is_urgent = bridge_byte(call) != 0;
    sheet->urgent_reason = bridge_text(call);
    sheet->base_version = bridge_int(call);
    count = bridge_int(call);
    if (count < 0 || count > MEDICINES_MAX) {
        return TERN_ERR_TOO_LARGE;
    }
    *ret_medicines = calloc((size_t)count + 1, sizeof **ret_medicines);
    if (*ret_medicines == NULL) {
        return TERN_ERR_NOMEM;
    }
    for (int32_t i = 0; i < count; i++) {
        read_medicine(call, &(*ret_medicines)[i]);
    }
    sheet->medicines = *ret_medicines;
    sheet->medicine_count = (size_t)count;
    return TERN_OK;
}

tern_status bridge_prescriptionCreate(struct bridge_call *call)
{
    tern_prescription sheet = {0};
    tern_medicine *medicines = NULL;
    const char *reason = bridge_text(call);
    tern_id id = {{0}};
    tern_status status = read_prescription(call, &sheet, &medicines);

    if (status == TERN_OK) {
        status = bridge_check(call);
    }
    if (status == TERN_OK) {
        status = tern_prescription_create(call->handle, &sheet, reason, &id, &call->error);
    }
    bridge_put_id(call, &id);
    free(medicines);
    return status;
}

tern_status bridge_prescriptionEdit(struct bridge_call *call)
{
    tern_prescription sheet = {0};
    tern_medicine *medicines = NULL;
    const char *reason = bridge_text(call);
    tern_id id = bridge_id(call);
    int32_t version = 0;
    tern_status status = read_prescription(call, &sheet, &medicines);

    if (status == TERN_OK) {
        status = bridge_check(call);
    }
    if (status == TERN_OK) {
        status = tern_prescription_edit(call->handle, &id, &sheet, reason, &version, &call->error);
    }
    bridge_put_int(call, version);
    free(medicines);
    return status;
}

tern_status bridge_prescriptionRetake(struct bridge_call *call)
{
    tern_id ended = bridge_id(call);
    const char *start_date = bridge_text(call);
    const char *end_date = bridge_text(call);
    const char *reason = bridge_text(call);
    tern_id id = {{0}};
    tern_status status = bridge_check(call);

    if (status == TERN_OK) {
        status = tern_prescription_retake(call->handle,
                                          &ended,
                                          start_date,
                                          end_date,
                                          reason,
                                          &id,
                                          &call->error);
    }
    bridge_put_id(call, &id);
    return status;
}

/* By the order of org.tern.Care's calls: activate, pause, resume, end. */
tern_status bridge_prescriptionMove(struct bridge_call *call)
{
    static tern_status (*const moves[])(tern_care *, const tern_id *, tern_care_error *) = {
        tern_prescription_activate,
        tern_prescription_pause,
        tern_prescription_resume,
        tern_prescription_end,
    };
    int32_t move = bridge_int(call);
    tern_id id = bridge_id(call);

    if (move < 0 || (size_t)move >= sizeof moves / sizeof moves[0]) {
        return TERN_ERR_MISUSE;
    }
    return moves[move](call->handle, &id, &call->error);
}
