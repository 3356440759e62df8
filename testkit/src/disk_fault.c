/*
 * Loaded into a program with LD_PRELOAD, makes a disk fail on request: while the file DISK_FAULT_TRIGGER exists, calls on
 * files whose path contains DISK_FAULT_WORD answer ENOSPC (DISK_FAULT_KIND=full: writes) or EIO (DISK_FAULT_KIND=sync:
 * syncs). Everything else goes through.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int fails(int file, const char *kind)
{
    const char *wanted = getenv("DISK_FAULT_KIND");
    const char *word = getenv("DISK_FAULT_WORD");
    const char *trigger = getenv("DISK_FAULT_TRIGGER");
    char link[64], path[4096];
    int before = errno;
    int result = 0;

    if (!wanted || !word || !trigger || strcmp(wanted, kind) != 0)
        return 0;
    if (access(trigger, F_OK) == 0) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        ssize_t length = readlink(link, path, sizeof path - 1);
        if (length > 0) {
            path[length] = 0;
            result = strstr(path, word) != NULL;
        }
    }
    errno = before;
    return result;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL_IF(file, kind, error) \
    do { \
        if (fails(file, kind)) { \
            errno = error; \
            return -1; \
        } \
    } while (0)

ssize_t write(int file, const void *bytes, size_t length)
{
    FAIL_IF(file, "full", ENOSPC);
    return NEXT(write)(file, bytes, length);
}

ssize_t writev(int file, const struct iovec *parts, int count)
{
    FAIL_IF(file, "full", ENOSPC);
    return NEXT(writev)(file, parts, count);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t place)
{
    FAIL_IF(file, "full", ENOSPC);
    return NEXT(pwrite)(file, bytes, length, place);
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t place)
{
    FAIL_IF(file, "full", ENOSPC);
    return NEXT(pwrite64)(file, bytes, length, place);
}

int fsync(int file)
{
    FAIL_IF(file, "sync", EIO);
    return NEXT(fsync)(file);
}

int fdatasync(int file)
{
    FAIL_IF(file, "sync", EIO);
    return NEXT(fdatasync)(file);
}
