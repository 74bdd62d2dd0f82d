/* Documents are few and kept until the program ends. */
#include "sim/documents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"
#include "sim/parsed.h"

#ifndef TERN_SIM_FOLDER
#error "the folder of the simulator's schemas is not known"
#endif

enum { NAMED_MAX = 8 };

static struct {
    char name[400];
    struct sim_document documents[SIM_DOCUMENTS];
    size_t count;
} named[NAMED_MAX];

/* The same document, but that it serves apps of its own version alone. */
static tern_status load_alone(json_t *json, struct sim_document *document, tern_error *error)
{
    tern_status status;
    char *text;

    if (document->schema->minimum_version == document->schema->version) {
        document->alone = document->schema;
        return TERN_OK;
    }
    (void)json_object_set(json, "minimum_version", json_object_get(json, "version"));
    text = json_dumps(json, JSON_COMPACT);
    if (text == NULL) {
        abort();
    }
    status = trn_schema_load(text, strlen(text), &document->alone, error);
    free(text);
    if (status == TERN_OK) {
        sim_parsed_keep(document->alone);
    }
    return status;
}

/* Without the spaces that it was written with: every opening reads it. */
static bool load(const char *path, struct sim_document *document, char message[600])
{
    json_error_t place;
    json_t *json = json_load_file(path, 0, &place);
    tern_error error = {0};

    document->text = json_dumps(json, JSON_COMPACT);
    if (document->text == NULL && place.line < 0) {
        (void)snprintf(message, 600, "%.590s", place.text);
    } else if (document->text == NULL) {
        (void)snprintf(message, 600, "%.400s:%d: %.160s", path, place.line, place.text);
    } else if (trn_schema_load(document->text, strlen(document->text), &document->schema, &error) !=
                   TERN_OK ||
               load_alone(json, document, &error) != TERN_OK) {
        (void)snprintf(message, 600, "%.200s: %.380s", path, error.message);
    } else {
        sim_parsed_keep(document->schema);
        json_decref(json);
        return true;
    }
    json_decref(json);
    free(document->text);
    document->text = NULL;
    return false;
}

struct sim_document *sim_documents(const char *name, size_t *ret_count, char message[600])
{
    char path[500];
    size_t slot = 0;

    while (slot < NAMED_MAX - 1 && named[slot].count > 0 && strcmp(named[slot].name, name) != 0) {
        slot++;
    }
    if (named[slot].count == 0) {
        if (strcmp(name, "clinic") == 0) {
            if (!load(TERN_SIM_FOLDER "/schemas/clinic-1.json",
                      &named[slot].documents[0],
                      message) ||
                !load(TERN_SIM_FOLDER "/schemas/clinic-2.json",
                      &named[slot].documents[1],
                      message)) {
                return NULL;
            }
            named[slot].count = 2;
        } else {
            (void)snprintf(path,
                           sizeof path,
                           "%s",
                           strcmp(name, "dastern") == 0 ? TERN_SIM_FOLDER "/../schemas/dastern.json"
                           : strcmp(name, "archive") == 0 ? TERN_SIM_FOLDER "/schemas/archive.json"
                                                          : name);
            if (!load(path, &named[slot].documents[0], message)) {
                return NULL;
            }
            named[slot].count = 1;
        }
        (void)snprintf(named[slot].name, sizeof named[slot].name, "%s", name);
    }
    *ret_count = named[slot].count;
    return named[slot].documents;
}
