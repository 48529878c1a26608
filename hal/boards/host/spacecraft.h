/* Which satellite the host board flies as: of EMEI_BOARD_SETTINGS, else the bench. */
#ifndef HOST_SPACECRAFT_H
#define HOST_SPACECRAFT_H

unsigned host_spacecraft_id(void);

#endif
