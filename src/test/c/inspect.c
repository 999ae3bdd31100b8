/*
 * What pg_walinspect is from 15 on, for servers of 10 to 14: writes down how the server itself reads its WAL. And, for
 * servers of 10 to 19, the names of all record types.
 *
 * Loaded with LOAD after "SET walker.inspect = 'FILE DIR START END SEGSIZE'". First it writes a line to FILE for each
 * value of xl_info of each resource manager of core: "type", its name, xl_info, the name of the record type. Then, up to
 * 14, for each record that begins in [START, END), START being where a record begins, numbers in decimal: start, resource manager, type, description and,
 * for each block reference, "#id spc/db/rel fork block data-length image-hash"; "-" for no image, else FNV-1a of the
 * restored page. Tabs are between all of these. No header of PostgreSQL is needed: few functions and struct fields are
 * used, and those are declared here. Compile with -DMAJOR=10 to 19, -shared -fPIC.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
	char	   *data;
	int			len;
	int			maxlen;
	int			cursor;
} StringInfoData;

typedef struct XLogReaderState XLogReaderState;

typedef struct
{
	const char *name;
	void		(*redo) (XLogReaderState *);
	void		(*desc) (StringInfoData *, XLogReaderState *);
	const char *(*identify) (uint8_t info);
	void		(*startup) (void);
	void		(*cleanup) (void);
	void		(*mask) (char *, uint32_t);
#if MAJOR >= 15
	void		(*decode) (void *, void *);
#endif
} RmgrData;

typedef struct
{
	uint32_t	spc,
				db,
				rel;
} Locator;

typedef struct
{
	uint32_t	tot_len;
	uint32_t	xid;
	uint64_t	prev;
	uint8_t		info;
	uint8_t		rmid;
} Record;

typedef int (*PageRead) (XLogReaderState *, uint64_t page, int wanted, uint64_t target, char *into, uint32_t *timeline);

extern const RmgrData RmgrTable[];
extern void initStringInfo(StringInfoData *);
extern void resetStringInfo(StringInfoData *);
extern const char *GetConfigOption(const char *, char, char);
extern char XLogRecGetBlockTag(XLogReaderState *, uint8_t, Locator *, int *, uint32_t *);
extern char *XLogRecGetBlockData(XLogReaderState *, uint8_t, size_t *);
extern char RestoreBlockImage(XLogReaderState *, uint8_t, char *);

#if MAJOR >= 13
typedef struct
{
	PageRead	read;
	void	   *open;
	void	   *close;
} Routine;
extern XLogReaderState *XLogReaderAllocate(int, const char *, Routine *, void *);
extern void XLogBeginRead(XLogReaderState *, uint64_t);
extern Record *XLogReadRecord(XLogReaderState *, char **);
#define READ_REC_PTR_AT 40
#elif MAJOR >= 11
extern XLogReaderState *XLogReaderAllocate(int, PageRead, void *);
extern Record *XLogReadRecord(XLogReaderState *, uint64_t, char **);
#define READ_REC_PTR_AT 32
#else
extern XLogReaderState *XLogReaderAllocate(PageRead, void *);
extern Record *XLogReadRecord(XLogReaderState *, uint64_t, char **);
#define READ_REC_PTR_AT 24
#endif

static char directory[1000];

const void *
Pg_magic_func(void)
{
	/* Pg_magic_struct, fmgr.h */
#if MAJOR >= 15
	static const struct
	{
		int			len,
					version,
					limits[4];
		char		abi[32];
#if MAJOR >= 18
		const char *name,
				   *library_version;
#endif
	}			magic = {sizeof magic, MAJOR * 100, {100, 32, 64, 1}, "PostgreSQL"};

	return &magic;
#elif MAJOR >= 13
	static const int magic[] = {24, MAJOR * 100, 100, 32, 64, 1};

	return magic;
#else
	static const int magic[] = {28, MAJOR * 100, 100, 32, 64, 1, 1};

	return magic;
#endif
}

static void
write_types(FILE *out)
{
	for (int id = 0; id < 22; id++)
	{
		for (int info = 0; info < 256; info += 16)
		{
			const char *type = RmgrTable[id].identify(info);

			if (type != NULL)
				fprintf(out, "type\t%s\t%02x\t%s\n", RmgrTable[id].name, info, type);
		}
	}
}

#if MAJOR < 15
static uint64_t segment_size;

static int
read_page(XLogReaderState *state, uint64_t page, int wanted, uint64_t target, char *into, uint32_t *timeline)
{
	char		path[1100];
	uint64_t	number = page / segment_size;
	uint64_t	per_id = 0x100000000ULL / segment_size;
	int			file;
	ssize_t		got;

#if MAJOR < 13
	*timeline = 1;
#endif
	/* The newest timeline's file has what the older ones have. */
	for (int tli = 2; tli >= 1; tli--)
	{
		snprintf(path, sizeof path, "%s/%08X%08X%08X", directory, tli, (unsigned) (number / per_id),
				 (unsigned) (number % per_id));
		file = open(path, O_RDONLY);
		if (file >= 0)
			break;
	}
	if (file < 0)
		return -1;
	got = pread(file, into, 8192, (off_t) (page % segment_size));
	close(file);
	return got == 8192 ? 8192 : -1;
}

static void
write_record(FILE *out, XLogReaderState *state, const Record *record, StringInfoData *text)
{
	const RmgrData *rmgr = &RmgrTable[record->rmid];
	const char *type = rmgr->identify(record->info);
	static char page[8192] __attribute__((aligned(8)));

	fprintf(out, "%llu\t%s\t", (unsigned long long) *(uint64_t *) ((char *) state + READ_REC_PTR_AT), rmgr->name);
	if (type != NULL)
		fprintf(out, "%s\t", type);
	else
		fprintf(out, "UNKNOWN (%x)\t", record->info & 0xF0);
	resetStringInfo(text);
	rmgr->desc(text, state);
	fprintf(out, "%s", text->data);
	for (int id = 0; id <= 32; id++)
	{
		Locator		locator;
		int			fork;
		uint32_t	block;
		size_t		length = 0;

		if (!XLogRecGetBlockTag(state, id, &locator, &fork, &block))
			continue;
		if (XLogRecGetBlockData(state, id, &length) == NULL)
			length = 0;
		fprintf(out, "\t#%d %u/%u/%u %d %u %zu ", id, locator.spc, locator.db, locator.rel, fork, block, length);
		if (RestoreBlockImage(state, id, page))
		{
			uint64_t	hash = 0xcbf29ce484222325ULL;

			for (int i = 0; i < 8192; i++)
				hash = (hash ^ (uint8_t) page[i]) * 0x100000001b3ULL;
			fprintf(out, "%016llx", (unsigned long long) hash);
		}
		else
			fprintf(out, "-");
	}
	fprintf(out, "\n");
}

static void
write_records(FILE *out, uint64_t start, uint64_t end, int size)
{
	char	   *error = NULL;
	StringInfoData text;
	XLogReaderState *state;
	uint64_t	first = start;

	segment_size = size;
	initStringInfo(&text);
#if MAJOR >= 13
	static Routine routine = {read_page};

	state = XLogReaderAllocate(size, NULL, &routine, NULL);
	XLogBeginRead(state, start);
#define NEXT() XLogReadRecord(state, &error)
#elif MAJOR >= 11
	state = XLogReaderAllocate(size, read_page, NULL);
#define NEXT() XLogReadRecord(state, first, &error)
#else
	state = XLogReaderAllocate(read_page, NULL);
#define NEXT() XLogReadRecord(state, first, &error)
#endif
	for (Record *record = NEXT(); record != NULL; record = NEXT())
	{
		first = 0;
		if (*(uint64_t *) ((char *) state + READ_REC_PTR_AT) >= end)
			break;
		write_record(out, state, record, &text);
	}
	fprintf(out, "end\t%s\n", error != NULL ? error : "");
}
#endif

void
_PG_init(void)
{
	unsigned long long start = 0,
				end = 0;
	int			size = 0;
	char		path[1000];
	FILE	   *out;
	int			words = sscanf(GetConfigOption("walker.inspect", 0, 0), "%999s %999s %llu %llu %d", path, directory,
							   &start, &end, &size);

	out = words > 0 ? fopen(path, "w") : NULL;
	if (out == NULL)
		return;
	write_types(out);
#if MAJOR < 15
	if (words == 5)
		write_records(out, start, end, size);
#endif
	fclose(out);
}
