/**
 * What an import did, and what it could not take over: counts by table and by the path of the
 * element, such as "MedicationRequest.encounter", never a value.
 */
#ifndef TRN_CLI_FHIR_REPORT_H
#define TRN_CLI_FHIR_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "tern/error.h"

struct trn_fhir_report {
    json_t *resources;  /* resource type -> how many were read */
    json_t *unmapped;   /* element path or resource type -> how many were left out */
    json_t *rows;       /* table -> {"created", "changed", "unchanged", "deleted"} */
    tern_status status; /* the first failure to count: TERN_ERR_NOMEM */
};

/** TERN_ERR_NOMEM; the report can be freed then, too. */
TERN_MUST_USE tern_status trn_fhir_report_open(struct trn_fhir_report *report, tern_error *error);
void trn_fhir_report_close(struct trn_fhir_report *report);

void trn_fhir_report_resource(struct trn_fhir_report *report, const char *type);
void trn_fhir_report_unmapped(struct trn_fhir_report *report, const char *path);
/** Counts "`place`.`name`". */
void trn_fhir_report_member(struct trn_fhir_report *report, const char *place, const char *name);
/** Whether the NULL-terminated list names it. */
bool trn_fhir_is_named(const char *name, const char *const *known);
/** Counts each member of `object` that the NULL-terminated list does not name. */
void trn_fhir_report_others(struct trn_fhir_report *report,
                            const char *place,
                            json_t *object,
                            const char *const *known);
void trn_fhir_report_row(struct trn_fhir_report *report, const char *table, const char *outcome);

/** A count; 0 for what was never counted. */
int64_t trn_fhir_report_count(const json_t *counts, const char *name);

/** Writes the report as a table for people. */
void trn_fhir_report_print(const struct trn_fhir_report *report, FILE *file);
/** The report as one JSON object, owned by the caller; NULL when memory ran out. */
json_t *trn_fhir_report_json(const struct trn_fhir_report *report);

#endif
