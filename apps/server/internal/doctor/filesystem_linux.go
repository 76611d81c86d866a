package doctor

import "syscall"

// Names of file systems by what statfs(2) calls them.
var (
	volatileSystems = map[uint32]string{0x01021994: "tmpfs", 0x858458f6: "ramfs"}
	remoteSystems   = map[uint32]string{0x6969: "NFS", 0xff534d42: "CIFS", 0xfe534d42: "SMB", 0x01021997: "9P", 0x65735546: "FUSE", 0x00c36400: "Ceph"}
	localSystems    = map[uint32]string{0xef53: "ext4", 0x58465342: "XFS", 0x9123683e: "Btrfs", 0x794c7630: "overlayfs", 0x2fc12fc1: "ZFS", 0xf2f52010: "F2FS"}
)

// fileSystemOf asks the system about the folder's file system.
func fileSystemOf(dir string) fileSystem {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return fileSystem{}
	}
	kind := uint32(s.Type)
	on := fileSystem{known: true, name: "a file system of its own kind", free: s.Bavail * uint64(s.Bsize)}
	if name, ok := localSystems[kind]; ok {
		on.name = name
	}
	if name, ok := volatileSystems[kind]; ok {
		on.name, on.volatile = name, true
	}
	if name, ok := remoteSystems[kind]; ok {
		on.name, on.remote = name, true
	}
	return on
}
