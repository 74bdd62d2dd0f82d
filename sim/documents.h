/* The schema documents that histories name. */
#ifndef TERN_SIM_DOCUMENTS_H
#define TERN_SIM_DOCUMENTS_H

#include "sim/world.h"

/* The versions of "clinic", "dastern" or "archive", or of a file. NULL and a message where they
 * cannot be had. Kept until the program ends. */
struct sim_document *sim_documents(const char *name, size_t *ret_count, char message[600]);

#endif
