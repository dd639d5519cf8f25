/* Makes the system calls of a server fail on its embedded database, as the file named by FAULT_CONTROL says:
 *   OPERATION ERRNO COUNT EVERY
 * the next COUNT calls of OPERATION (sync, write, read, truncate, any) fail with ERRNO, of every EVERYth call one.
 * The file named by FAULT_CLOCK holds how many seconds the wall clock is ahead, a number of 64 bits that may change at any
 * time. Loaded with LD_PRELOAD; knows nothing of the program. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static struct timespec read_at;
static char operation[32];
static int error_number, every = 1;
static long left, calls, failed;

static int of_database(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, "rapport.db") != NULL && strstr(path, "-shm") == NULL;
}

/* Reads the control file if it was written since. */
static void reload(const char *control) {
    struct stat found;
    if (stat(control, &found)) return;
    if (found.st_mtim.tv_sec == read_at.tv_sec && found.st_mtim.tv_nsec == read_at.tv_nsec) return;
    FILE *file = fopen(control, "r");
    if (!file) return;
    char name[32];
    int number, step;
    long count;
    if (fscanf(file, "%31s %d %ld %d", name, &number, &count, &step) == 4) {
        strcpy(operation, name);
        error_number = number;
        left = count;
        every = step > 0 ? step : 1;
        calls = 0;
    }
    fclose(file);
    read_at = found.st_mtim;
}

static int fails(const char *what, int fd) {
    const char *control = getenv("FAULT_CONTROL");
    if (!control) return 0;
    int before = errno, number = 0;
    pthread_mutex_lock(&turn);
    reload(control);
    if (left > 0 && (!strcmp(operation, what) || !strcmp(operation, "any")) && of_database(fd) && ++calls % every == 0) {
        left--;
        failed++;
        number = error_number;
        char path[4096];
        snprintf(path, sizeof path, "%s.injected", control);
        FILE *file = fopen(path, "w");
        if (file) {
            fprintf(file, "%ld\n", failed);
            fclose(file);
        }
    }
    pthread_mutex_unlock(&turn);
    errno = number ? number : before;
    return number;
}

#define WRAP(type, name, parameters, arguments, what)                                                                  \
    type name parameters {                                                                                             \
        static type(*real) parameters;                                                                                 \
        if (!real) real = dlsym(RTLD_NEXT, #name);                                                                     \
        return fails(what, fd) ? -1 : real arguments;                                                                  \
    }

WRAP(int, fsync, (int fd), (fd), "sync")
WRAP(int, fdatasync, (int fd), (fd), "sync")
WRAP(ssize_t, write, (int fd, const void *bytes, size_t count), (fd, bytes, count), "write")
WRAP(ssize_t, pwrite, (int fd, const void *bytes, size_t count, off_t at), (fd, bytes, count, at), "write")
WRAP(ssize_t, pwrite64, (int fd, const void *bytes, size_t count, off64_t at), (fd, bytes, count, at), "write")
WRAP(ssize_t, read, (int fd, void *bytes, size_t count), (fd, bytes, count), "read")
WRAP(ssize_t, pread, (int fd, void *bytes, size_t count, off_t at), (fd, bytes, count, at), "read")
WRAP(ssize_t, pread64, (int fd, void *bytes, size_t count, off64_t at), (fd, bytes, count, at), "read")
WRAP(int, ftruncate, (int fd, off_t length), (fd, length), "truncate")
WRAP(int, ftruncate64, (int fd, off64_t length), (fd, length), "truncate")

/* Shared with the process that steps the clock, and with every process that is forked later. */
static const volatile int64_t *ahead;

__attribute__((constructor)) static void share_clock(void) {
    const char *path = getenv("FAULT_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *shared = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, fd, 0);
    if (shared != MAP_FAILED) ahead = shared;
    close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int outcome = real(clock, now);
    if (ahead && clock == CLOCK_REALTIME) now->tv_sec += *ahead;
    return outcome;
}

int gettimeofday(struct timeval *now, void *zone) {
    static int (*real)(struct timeval *, void *);
    if (!real) real = dlsym(RTLD_NEXT, "gettimeofday");
    int outcome = real(now, zone);
    if (ahead) now->tv_sec += *ahead;
    return outcome;
}

time_t time(time_t *now) {
    struct timespec read;
    clock_gettime(CLOCK_REALTIME, &read);
    if (now) *now = read.tv_sec;
    return read.tv_sec;
}
