/* The server's job for missed doses, beside the phone of a patient who has a prescription. */
#ifndef TERN_TEST_SERVER_JOB_H
#define TERN_TEST_SERVER_JOB_H

#include "server/missed.h"
#include "tests/unit/server/lab.h"

#define MINUTE_US (60 * LAB_SECOND_US)
#define HOUR_US (60 * MINUTE_US)
#define DAY_US (24 * HOUR_US)

enum { GRACE = 30 };

struct job {
    struct lab lab;
    struct phone phone; /* of the patient */
    struct trn_missed *missed;
    tern_id prescription;
    tern_id medication;
};

/* A world with a patient and a prescription of each morning, and the job over it. */
void job_start(struct job *job);
/* The same, the database by a VFS; NULL: the default. */
void job_start_on(struct job *job, const char *vfs);
void job_end(struct job *job);
struct trn_missed_port job_port(struct lab *lab);
/* Over the database as it is. */
void job_open(struct job *job);
struct trn_missed_report job_step(struct job *job);
/* Doses of a status. */
int64_t job_count(struct job *job, const char *status);
/* The job's transactions. */
int64_t job_transactions(struct job *job);
int64_t job_audits(struct job *job);
/* A dose of the morning of a day from 2026-01-01 on, pushed; due at 07:30 there. */
tern_id job_push_dose(struct job *job, unsigned day);
void job_insert_version(struct job *job, int64_t number, int64_t created_us, const char *says);
void job_insert_user(struct phone *phone, const char *zone);
void job_insert_prescription(struct phone *phone, tern_id id, const char *status);
/* With a morning dosage, or by the words alone. */
void job_insert_medication(struct phone *phone,
                           tern_id id,
                           tern_id prescription,
                           const char *timing,
                           bool prn);
/* A dose as a device generates it. */
tern_id job_insert_dose(struct phone *phone,
                        tern_id prescription,
                        tern_id medication,
                        unsigned day,
                        const char *slot,
                        int64_t scheduled_us);
void job_set_outcome(struct phone *phone,
                     tern_id dose,
                     int64_t base,
                     const char *status,
                     enum trn_operation operation,
                     enum trn_entry_kind kind);

#endif
