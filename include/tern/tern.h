/** All of the library's headers but those of the desktop ports (tern/platform.h, tern/curl.h). */
#ifndef TERN_TERN_H
#define TERN_TERN_H

#include "tern/error.h"
#include "tern/follow.h"
#include "tern/outbox.h"
#include "tern/port.h"
#include "tern/replica.h"
#include "tern/row.h"
#include "tern/sync.h"
#include "tern/value.h"
#include "tern/version.h"

#endif
