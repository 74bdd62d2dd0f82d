/** Which library this is: what was compiled against, and what runs. */
#ifndef TERN_VERSION_H
#define TERN_VERSION_H

#include "tern/api.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TERN_VERSION_MAJOR 0
#define TERN_VERSION_MINOR 1
#define TERN_VERSION_PATCH 0
#define TERN_VERSION "0.1.0"

/** The version of the library that runs, such as "0.1.0". Static. Any thread. */
TERN_API const char *tern_version(void);

#ifdef __cplusplus
}
#endif
#endif
