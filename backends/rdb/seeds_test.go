package rdb

// fromRedis is what DUMP of Redis 7.0 says about strings of every encoding, and about the other
// types, in the order of the commands at the right.
var fromRedis = []string{
	"\x00\x00\n\x00]\x9b\\@\x0f\x7f\xa2\xda",                           // set k
	"\x00\xc0\x0c\n\x00<*\xf8Q\\\x04\xbc\xd5",                          // set k 12
	"\x00\xc1\xd4\xfe\n\x00\xc6\xc4\x86#\xfe\xbe\xde.",                 // set k -300
	"\x00\xc2\x15\xcd[\a\n\x00\xa4\xb7\xc9\t\xe0\xe97\x9e",             // set k 123456789
	"\x00\x0b12345678901\n\x000NR\xd7'\x17e\x10",                       // set k 12345678901
	"\x00\x05hello\n\x00cr\xdfve4 \n",                                  // set k hello
	"\x00\xc3\n@x\x02aba\xe0j\x01\x01ab\n\x00\xb2\x88p\x8cS\a\x16\xd2", // set k ababababababababababababababababababababababababababab
	"\x00@\xaa1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60\n\x00@\xf8\xa7I\xf4\xd0\xaaI", // set k 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,
	"\x00@d5nhScRxtlyeeUHE1IcsAhz0brFe/v627od19RCVe+vcfhDQhKl1c5jsQsz1ZnbncDqTeUlMyO/6qgkfZzP2G4RpKJTkEh1gxvmyM\n\x00\xcbRa\xb1\x04\xc6\xc3m",                                                                          // set k 5nhScRxtlyeeUHE1IcsAhz0brFe/v627od19RCVe+vcfhDQhKl1c5j
	"\x12\x01\x02\x10\x10\x00\x00\x00\x03\x00\x81a\x02\x81b\x02\x81c\x02\xff\n\x00\xc8\x18\xb9\x0c\x953R\x9e",                                                                                                          // rpush k a b c
	"\x0b\x0e\x02\x00\x00\x00\x03\x00\x00\x00\x01\x00\x02\x00\x03\x00\n\x00\xa5\x02\\\xe2mnM\x1b",                                                                                                                      // sadd k 1 2 3
	"\x02\x02\x01b\x01a\n\x00u\xd9\x9d\x83^\xf8_e",                                                         // sadd k a b
	"\x11\x11\x11\x00\x00\x00\x04\x00\x81a\x02\x01\x01\x81b\x02\x02\x01\xff\n\x00\xba\a\xf2$\xa9\xd2\x8fU", // zadd k 1 a 2 b
	"\x10\r\r\x00\x00\x00\x02\x00\x81f\x02\x81v\x02\xff\n\x00 \xf1=D#T\b\x9d",                              // hset k f v
	"\x13\x01\x10\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x1d\x1d\x00\x00\x00\n\x00\x01\x01\x00\x01\x01\x01\x81f\x02\x00\x01\x02\x01\x00\x01\x00\x01\x81v\x02\x04\x01\xff\x01\x01\x01\x01\x01\x00\x00\x01\x00\n\x00\xffU\xabbj\xc05\xdb", // xadd k 1-1 f v
}
