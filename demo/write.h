/** The writes of the story: each is one transaction of a device, told and noted. */
#ifndef DEMO_WRITE_H
#define DEMO_WRITE_H

#include "demo/device.h"

enum demo_verb { DEMO_INSERT, DEMO_UPDATE, DEMO_DELETE, DEMO_UNDELETE };

struct demo_write {
    enum demo_verb verb;
    const char *table;
    const tern_id *id; /* NULL lets an insert find its own */
    const tern_cell *cells;
    size_t count;
    bool inferred;      /* a job's guess */
    const char *action; /* of the audit_logs row beside it; NULL for none */
    const char *title;
    const char *detail;
};

/** Commits, tells and notes. The row's id comes back where `ret_id` is not NULL. */
void demo_write(struct demo_device *device, const struct demo_write *write, tern_id *ret_id);

/** One dose of the day. */
struct demo_dose {
    const tern_id *patient;
    const tern_id *prescription;
    const tern_id *medication;
    const char *date;
    const char *slot;
    int64_t scheduled_us;
    const char *status;
    int64_t taken_us; /* 0: not taken */
    const char *reason;
    bool inferred;
    const char *title;
    const char *detail;
};

/** Records it, with the audit_logs row that every action of a person leaves. */
void demo_record_dose(struct demo_device *device, const struct demo_dose *dose);

#endif
