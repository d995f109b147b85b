// Capabilities over the network. They count in the user namespace that owns the network namespace. See
// capabilities(7), packet(7), raw(7).
import type { About } from '../about.ts'

export const NETWORK: Readonly<Record<string, About>> = {
  CAP_NET_BIND_SERVICE: {
    brief: 'listen on low ports',
    allows: ['binding to ports below net.ipv4.ip_unprivileged_port_start (1024)'],
    since: '2.2', calls: ['bind'], files: ['/proc/sys/net/ipv4/ip_unprivileged_port_start'],
    risk: 'a service can be impersonated on a port that others trust',
    weight: 'low', needed: 'web, mail and name servers that do not run as root',
  },
  CAP_NET_BROADCAST: {
    brief: 'broadcast and multicast, by name only',
    allows: ['nothing that Linux asks for today but some multicast groups of netlink'],
    since: '2.2', calls: ['setsockopt (NETLINK_LISTEN_ALL_NSID)'], files: [],
    risk: 'none that is known',
    weight: 'low', needed: 'listeners to all network namespaces over netlink',
  },
  CAP_NET_ADMIN: {
    brief: 'configure the network',
    allows: ['interfaces, addresses, routes, queues', 'firewall rules', 'promiscuous mode', 'any address as one\'s own (transparent proxy)', 'socket options for marks, priority and buffer sizes', 'tun and tap devices'],
    since: '2.2', calls: ['sendmsg (netlink)', 'ioctl (SIOCSIF…)', 'setsockopt (SO_MARK, SO_PRIORITY, SO_SNDBUFFORCE, IP_TRANSPARENT)', 'bpf'], files: ['/dev/net/tun', '/proc/sys/net/*'],
    risk: 'all traffic of the namespace can be redirected and read, the firewall be taken down; much kernel code is reachable',
    weight: 'high', needed: 'VPNs, container networks, DHCP clients, ip(8)',
  },
  CAP_NET_RAW: {
    brief: 'send and receive packets of any form',
    allows: ['raw and packet sockets', 'binding to any address for transparent proxying', 'ping where net.ipv4.ping_group_range does not cover the group', 'binding a socket to a device (before 5.7)'],
    since: '2.2', calls: ['socket (SOCK_RAW, AF_PACKET)', 'setsockopt (SO_BINDTODEVICE, IP_TRANSPARENT)'], files: ['/proc/sys/net/ipv4/ping_group_range'],
    risk: 'traffic on the wire can be read and forged: ARP, DHCP, DNS of neighbours',
    weight: 'high', needed: 'tcpdump, nmap, DHCP clients, older ping',
  },
}
