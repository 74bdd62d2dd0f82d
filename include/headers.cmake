# The public headers: what is installed, and what tests/headers compiles one by one.
set(TERN_PUBLIC_HEADERS
    tern/api.h
    tern/curl.h
    tern/error.h
    tern/follow.h
    tern/outbox.h
    tern/platform.h
    tern/port.h
    tern/replica.h
    tern/row.h
    tern/sync.h
    tern/tern.h
    tern/value.h
    tern/version.h
)

# Those of libtern-medication.
set(TERN_MEDICATION_HEADERS
    tern/medication/adherence.h
    tern/medication/alert.h
    tern/medication/audit.h
    tern/medication/care.h
    tern/medication/dose.h
    tern/medication/medication.h
    tern/medication/message.h
    tern/medication/prescription.h
    tern/medication/quota.h
    tern/medication/reminder.h
    tern/medication/schedule.h
    tern/medication/settings.h
    tern/medication/zone.h
)
